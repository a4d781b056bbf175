/**
 * The controls around the canvas: the chosen tool, the brush, and how a pen draws.
 *
 * @import { PatternId } from './patterns.js'
 * @import { Brush, Tool } from './tools.js'
 * @typedef {object} PenSettings
 * @property {boolean} smooth whether strokes are smoothed
 * @property {boolean} pressureSize whether a pen that presses harder draws wider
 * @property {boolean} pressureOpacity whether a pen that presses harder covers more
 * @property {boolean} penOnly whether fingers move the view and do not draw
 */
import { find, findAll } from '../lib/dom.js';
import { roveFocus } from '../lib/roving-focus.js';

const DEFAULT_SIZE = 14;

export class Toolbar {
  /** @type {Brush} */
  brush = { tool: 'brush', color: '#000000', hardness: 1, mirrored: false };
  /** @type {PenSettings} */
  pen = { smooth: true, pressureSize: true, pressureOpacity: false, penOnly: false };
  /** How much the brush covers, 0 to 1. */
  opacity = 1;
  /** What an area is filled with. @type {PatternId} */
  pattern = 'solid';
  #root;
  #sizeInput;
  #colorInput;
  #resetTools = () => {};
  #resetPalette = () => {};

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#sizeInput = find(root, '.sketch-brush input', HTMLInputElement);
    this.#colorInput = find(root, '.sketch-custom-color input', HTMLInputElement);
    this.size = DEFAULT_SIZE;
    this.#percent('hardness', 100);
    this.#percent('opacity', 100);
    this.choose('brush');
  }

  /** The brush's diameter, in units of which the longer side of the layer has 256. */
  get size() {
    return Number(this.#sizeInput.value);
  }

  set size(units) {
    setInput(this.#sizeInput, units);
  }

  /**
   * @param {(action: string) => void} onAction is called with what a button names in `data-action` or
   *   `data-tool`
   * @param {AbortSignal} signal ends listening
   */
  listen(onAction, signal) {
    this.#root.addEventListener('click', (event) => this.#press(event, onAction), { signal });
    this.#root.addEventListener('input', (event) => this.#input(event, onAction), { signal });
    this.#root.addEventListener('change', (event) => this.#toggle(event), { signal });
    /** @param {string} group */
    const rove = (group, controls = 'button') => {
      const found = this.#root.querySelector(group);
      return found instanceof HTMLElement ? roveFocus(found, controls, signal) : () => {};
    };
    this.#resetPalette = rove('.sketch-palette', 'button, input');
    this.#resetTools = rove('.sketch-tools');
    rove('.sketch-view');
    for (const group of ['.sketch-sticker-grid', '.sketch-pattern-grid']) rove(group);
  }

  /** Has one Tab stop in the colors, once they are others. */
  paletteChanged() {
    this.#resetPalette();
  }

  /** @param {Tool} tool */
  choose(tool) {
    this.brush.tool = tool;
    this.#mark('[data-tool]', (button) => button.dataset.tool === tool);
    this.#root.dataset.activeTool = tool;
  }

  /** @param {string} color as #rrggbb */
  paintWith(color) {
    this.brush.color = color;
    this.#colorInput.value = color;
    this.#mark('[data-color]', (button) => button.dataset.color === color);
    if (this.brush.tool === 'eraser') this.choose('brush');
  }

  /** @param {PatternId} pattern of the fill tool, which is chosen with it */
  fillWith(pattern) {
    this.pattern = pattern;
    this.#mark('[data-pattern]', (button) => button.dataset.pattern === pattern);
    this.choose('fill');
  }

  /** Turns mirroring left and right on or off. */
  toggleMirror() {
    this.brush.mirrored = !this.brush.mirrored;
    this.#mark('[data-action=mirror]', () => this.brush.mirrored);
    find(this.#root, '.sketch-page', HTMLElement).classList.toggle('mirrored', this.brush.mirrored);
  }

  /** From now on only a pen draws, until that is switched off. */
  usePenOnly() {
    this.pen.penOnly = true;
    const box = this.#root.querySelector('[name=penOnly]');
    if (box instanceof HTMLInputElement) box.checked = true;
  }

  /** @param {{ canUndo: boolean, canRedo: boolean }} history */
  showHistory({ canUndo, canRedo }) {
    find(this.#root, '[data-action=undo]', HTMLButtonElement).disabled = !canUndo;
    find(this.#root, '[data-action=redo]', HTMLButtonElement).disabled = !canRedo;
    // A disabled button cannot be the Tab stop of the tools.
    if (this.#root.querySelector('.sketch-tools [tabindex="0"]:disabled')) this.#resetTools();
  }

  /** @param {boolean} isOn whether the preview follows the drawing */
  showLive(isOn) {
    this.#mark('[data-action=live]', () => isOn);
  }

  /**
   * @param {Event} event
   * @param {(action: string) => void} onAction
   */
  #press({ target }, onAction) {
    const button = target instanceof Element ? target.closest('button') : null;
    if (!button) return;
    const { tool, color, action } = button.dataset;
    if (color) {
      this.paintWith(color);
      onAction('recolor');
    }
    if (action ?? tool) onAction(action ?? tool ?? '');
  }

  /**
   * @param {Event} event
   * @param {(action: string) => void} onAction
   */
  #input({ target }, onAction) {
    if (!(target instanceof HTMLInputElement)) return;
    if (target === this.#colorInput) {
      this.paintWith(target.value);
      onAction('recolor');
    }
    if (target === this.#sizeInput) this.size = Number(target.value);
    if (target.closest('.sketch-hardness')) this.#percent('hardness', Number(target.value));
    if (target.closest('.sketch-opacity')) this.#percent('opacity', Number(target.value));
  }

  /** @param {Event} event */
  #toggle({ target }) {
    if (!(target instanceof HTMLInputElement) || !(target.name in this.pen)) return;
    this.pen[/** @type {keyof PenSettings} */ (target.name)] = target.checked;
  }

  /**
   * @param {'hardness' | 'opacity'} name
   * @param {number} percent
   */
  #percent(name, percent) {
    if (name === 'hardness') this.brush.hardness = percent / 100;
    else this.opacity = percent / 100;
    const input = this.#root.querySelector(`.sketch-${name} input`);
    if (input instanceof HTMLInputElement) setInput(input, percent);
  }

  /**
   * @param {string} selector of buttons
   * @param {(button: HTMLElement) => boolean} isPressed
   */
  #mark(selector, isPressed) {
    for (const button of findAll(this.#root, selector, HTMLElement)) {
      button.setAttribute('aria-pressed', String(isPressed(button)));
    }
  }
}

/**
 * @param {HTMLInputElement} input a range with its value beside it
 * @param {number} value the input keeps it within its bounds
 */
function setInput(input, value) {
  input.value = String(value);
  if (input.nextElementSibling) input.nextElementSibling.textContent = input.value;
}
