/**
 * The frame around what floats on the canvas: it is moved by its inside and scaled by its handles, with the
 * pointer or the arrow keys.
 *
 * @import { DoodleCanvas } from './doodle-canvas.js'
 * @import { Box } from './pixels.js'
 * @typedef {'' | 'n' | 'ne' | 'e' | 'se' | 's' | 'sw' | 'w' | 'nw'} Handle the empty one moves
 */
import { find } from '../lib/dom.js';
import { roveFocus } from '../lib/roving-focus.js';
import { pointerToPixel } from './viewport.js';

/** Of the smaller side, in pixels of what is sent. */
const SMALLEST = 4;
/** Steps of an arrow key while Shift is held. */
const FAST = 10;
/** @type {Readonly<Record<string, [x: number, y: number]>>} */
const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * The box once a handle was moved. The opposite side stays; at a corner the proportions stay as well.
 *
 * @param {Box} box
 * @param {Handle} handle
 * @param {number} dx
 * @param {number} dy
 * @param {number} least of each side
 * @returns {Box}
 */
export function stretch(box, handle, dx, dy, least) {
  if (handle === '') return { ...box, left: box.left + dx, top: box.top + dy };
  const [isLeft, isTop] = [handle.includes('w'), handle.includes('n')];
  let width = box.width + (isLeft ? -dx : handle.includes('e') ? dx : 0);
  let height = box.height + (isTop ? -dy : handle.includes('s') ? dy : 0);
  if (handle.length === 2) {
    const along = width * box.width + height * box.height;
    const share = along / (box.width ** 2 + box.height ** 2);
    const smallest = least / Math.min(box.width, box.height);
    [width, height] = [box.width, box.height].map((side) => side * Math.max(smallest, share));
  }
  [width, height] = [Math.max(least, width), Math.max(least, height)];
  return {
    left: isLeft ? box.left + box.width - width : box.left,
    top: isTop ? box.top + box.height - height : box.top,
    ...{ width, height },
  };
}

/**
 * @param {KeyboardEvent} event
 * @param {number} unit pixels of one step
 * @returns {[dx: number, dy: number] | null} null for other keys
 */
export function arrowStep({ key, shiftKey }, unit) {
  if (!(key in ARROWS)) return null;
  const step = shiftKey ? FAST * unit : unit;
  return [ARROWS[key][0] * step, ARROWS[key][1] * step];
}

export class SelectionBox {
  #canvas;
  #frame;
  #bar;
  #resetBar;
  /** @type {{ pointer: number, handle: Handle, x: number, y: number, box: Box } | null} */
  #grip = null;

  /**
   * @param {DoodleCanvas} canvas
   * @param {AbortSignal} signal ends listening
   */
  constructor(canvas, signal) {
    this.#canvas = canvas;
    this.#frame = find(canvas, '.sketch-selection', HTMLElement);
    this.#bar = find(canvas, '.sketch-selection-bar', HTMLElement);
    this.#resetBar = roveFocus(this.#bar, 'button', signal);
    const frame = this.#frame;
    frame.addEventListener('pointerdown', (event) => this.#down(event), { signal });
    frame.addEventListener('pointermove', (event) => this.#move(event), { signal });
    for (const end of /** @type {const} */ (['pointerup', 'pointercancel'])) {
      frame.addEventListener(end, (event) => this.#up(event), { signal });
    }
    frame.addEventListener('keydown', (event) => this.#key(event), { signal });
  }

  /** Shows the frame where the selection is; hides it while there is none. */
  show() {
    const { selection, layers, sheet } = this.#canvas;
    const { box } = selection;
    const hadFocus =
      this.#frame.contains(document.activeElement) || this.#bar.contains(document.activeElement);
    this.#frame.hidden = this.#bar.hidden = !box;
    if (!box) {
      this.#grip = null;
      if (hadFocus) sheet.focus({ preventScroll: true });
      return;
    }
    const { width, height } = layers.whole;
    const percent = (/** @type {number} */ part, /** @type {number} */ all) =>
      `${(100 * part) / all}%`;
    Object.assign(this.#frame.style, {
      left: percent(box.left, width),
      top: percent(box.top, height),
      width: percent(box.width, width),
      height: percent(box.height, height),
    });
    const fill = find(this.#bar, '[data-action=fill-selection]', HTMLElement);
    if (fill.hidden === !selection.canFill) return;
    fill.hidden = !selection.canFill;
    this.#resetBar();
  }

  get #least() {
    return SMALLEST * this.#canvas.layers.scale;
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const { box } = this.#canvas.selection;
    if (!box || event.button !== 0 || this.#grip) return;
    event.preventDefault();
    this.#frame.setPointerCapture(event.pointerId);
    const { target } = event;
    const handle = target instanceof HTMLElement ? (target.dataset.handle ?? '') : '';
    this.#grip = {
      pointer: event.pointerId,
      handle: /** @type {Handle} */ (handle),
      ...{ ...this.#place(event), box },
    };
    if (handle === '') this.#canvas.sheet.focus({ preventScroll: true });
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const grip = this.#grip;
    if (event.pointerId !== grip?.pointer) return;
    const { x, y } = this.#place(event);
    const [dx, dy] = [x - grip.x, y - grip.y];
    this.#canvas.selection.fit(stretch(grip.box, grip.handle, dx, dy, this.#least));
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (event.pointerId !== this.#grip?.pointer) return;
    this.#grip = null;
    this.#canvas.changed();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { selection, layers } = this.#canvas;
    const { target } = event;
    const handle = target instanceof HTMLElement ? target.dataset.handle : undefined;
    const step = arrowStep(event, layers.scale);
    if (!step || !selection.box || !handle) return;
    event.preventDefault();
    event.stopPropagation();
    const name = /** @type {Handle} */ (handle);
    selection.fit(stretch(selection.box, name, ...step, this.#least));
    this.#canvas.changed();
  }

  /** @param {PointerEvent} event */
  #place(event) {
    const { sheet } = this.#canvas;
    return pointerToPixel(event, sheet.getBoundingClientRect(), sheet);
  }
}
