/**
 * The menu of stickers, which are laid on the canvas, and of patterns, which an area is filled with.
 *
 * @import { DoodleCanvas } from './doodle-canvas.js'
 * @import { PatternId } from './patterns.js'
 * @import { Sticker } from './stickers.js'
 */
import { closest, element, find } from '../lib/dom.js';
import { toPng } from './images.js';
import { attachMenu, closeMenu } from './menu.js';
import { PATTERNS, thinOut } from './patterns.js';
import { blankPixels, wholeOf } from './pixels.js';
import { pathOf, STICKERS } from './stickers.js';

const ICON = 24;
/** The side of a pattern's picture, in pixels, and what one of its 256 units has there. */
const [SWATCH, UNIT] = [40, 1.5];

/** @param {HTMLElement} panel its popover, which gets its buttons */
export function fillStickers(panel) {
  const stickers = STICKERS.map(({ id, text, contours }) => {
    const button = element('button', { type: 'button' });
    Object.assign(button.dataset, { sticker: id, about: text });
    const path = `<path d="${pathOf(contours, ICON)}"/>`;
    button.innerHTML = `<svg viewBox="0 0 ${ICON} ${ICON}" aria-hidden="true">${path}</svg>`;
    return button;
  });
  const patterns = PATTERNS.map(({ id, text }) => {
    const button = element('button', { type: 'button' }, element('span'));
    Object.assign(button.dataset, { pattern: id, about: text });
    button.setAttribute('aria-pressed', String(id === 'solid'));
    return button;
  });
  find(panel, '.sketch-sticker-grid', HTMLElement).append(...stickers);
  find(panel, '.sketch-pattern-grid', HTMLElement).append(...patterns);
}

export class StickerMenu {
  #canvas;
  #panel;

  /**
   * @param {DoodleCanvas} canvas
   * @param {AbortSignal} signal ends listening
   */
  constructor(canvas, signal) {
    this.#canvas = canvas;
    const panel = attachMenu(canvas, '.sketch-sticker-button', '.sketch-stickers', signal);
    this.#panel = panel;
    panel.addEventListener('click', (event) => this.#press(event), { signal });
    // Until it is opened first nothing need wait for them.
    panel.addEventListener('beforetoggle', () => drawPatterns(panel), { signal, once: true });
  }

  open() {
    this.#panel.showPopover();
    this.#panel.querySelector('button')?.focus();
  }

  close() {
    closeMenu(this.#panel);
  }

  /** @param {Event} event */
  #press(event) {
    const { sticker, pattern } = closest(event, 'button')?.dataset ?? {};
    const shape = STICKERS.find(({ id }) => id === sticker);
    const fill = PATTERNS.find(({ id }) => id === pattern);
    if (!shape && !fill) return;
    this.close();
    if (fill) this.#canvas.toolbar.fillWith(fill.id);
    if (shape) this.#place(shape);
  }

  /** @param {Sticker} sticker floats on the canvas from now on */
  #place(sticker) {
    const { brush, selection, sheet } = this.#canvas;
    if (!this.#canvas.mayDraw()) return;
    selection.place(sticker, brush.color);
    this.#canvas.changed();
    sheet.focus({ preventScroll: true });
  }
}

/** @param {HTMLElement} panel */
function drawPatterns(panel) {
  for (const { id } of PATTERNS) {
    const swatch = find(panel, `[data-pattern=${id}] span`, HTMLElement);
    swatch.style.setProperty('--pattern', `url(${picture(id)})`);
  }
}

/** @param {PatternId} pattern */
function picture(pattern) {
  const filled = blankPixels(SWATCH, SWATCH);
  filled.data.fill(255);
  thinOut(filled, blankPixels(SWATCH, SWATCH), wholeOf(filled), pattern, UNIT);
  return toPng(filled);
}
