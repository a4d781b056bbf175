/**
 * The toolbar under the canvas: the chosen tool, and the color, size and hardness of the brush.
 *
 * @import { Brush, Tool } from './tools.js'
 */
import { find, findAll } from '../lib/dom.js';

const DEFAULT_SIZE = 14;
const DEFAULT_HARDNESS = 100;

export class Toolbar {
  /** @type {Brush} */
  brush;
  #root;
  #sizeInput;
  #hardnessInput;
  #colorInput;

  /**
   * @param {HTMLElement} root
   * @param {string} color the first, as #rrggbb
   */
  constructor(root, color) {
    this.#root = root;
    this.#sizeInput = find(root, '.sketch-brush input', HTMLInputElement);
    this.#hardnessInput = find(root, '.sketch-hardness input', HTMLInputElement);
    this.#colorInput = find(root, '.sketch-custom-color input', HTMLInputElement);
    this.brush = { tool: 'brush', color, hardness: 1, mirrored: false };
    this.choose('brush');
    this.paintWith(color);
    this.#set(this.#sizeInput, DEFAULT_SIZE);
    this.#set(this.#hardnessInput, DEFAULT_HARDNESS);
  }

  /** The brush's diameter in pixels. */
  get size() {
    return Number(this.#sizeInput.value);
  }

  set size(pixels) {
    this.#set(this.#sizeInput, pixels);
  }

  /**
   * @param {(action: string) => void} onAction is called with what a button names in `data-action`
   * @param {AbortSignal} signal ends listening
   */
  listen(onAction, signal) {
    for (const button of findAll(this.#root, '[data-action]', HTMLElement)) {
      button.addEventListener('click', () => onAction(button.dataset.action ?? ''), { signal });
    }
    for (const button of findAll(this.#root, '[data-tool]', HTMLElement)) {
      const tool = /** @type {Tool} */ (button.dataset.tool);
      button.addEventListener('click', () => this.choose(tool), { signal });
    }
    for (const swatch of findAll(this.#root, '[data-color]', HTMLElement)) {
      const color = swatch.dataset.color ?? '';
      swatch.addEventListener('click', () => this.paintWith(color), { signal });
    }
    const own = this.#colorInput;
    own.addEventListener('input', () => this.paintWith(own.value), { signal });
    for (const input of [this.#sizeInput, this.#hardnessInput]) {
      input.addEventListener('input', () => this.#set(input, Number(input.value)), { signal });
    }
  }

  /** @param {Tool} tool */
  choose(tool) {
    this.brush.tool = tool;
    this.#press('[data-tool]', (button) => button.dataset.tool === tool);
    find(this.#root, 'canvas', HTMLElement).classList.toggle('panning', tool === 'hand');
  }

  /** @param {string} color as #rrggbb */
  paintWith(color) {
    this.brush.color = color;
    this.#colorInput.value = color;
    this.#press('[data-color]', (button) => button.dataset.color === color);
    if (this.brush.tool === 'eraser') this.choose('brush');
  }

  /** Turns mirroring left and right on or off. */
  toggleMirror() {
    this.brush.mirrored = !this.brush.mirrored;
    this.#press('[data-action=mirror]', () => this.brush.mirrored);
    find(this.#root, '.sketch-page', HTMLElement).classList.toggle('mirrored', this.brush.mirrored);
  }

  /** @param {{ canUndo: boolean, canRedo: boolean }} history */
  showHistory({ canUndo, canRedo }) {
    find(this.#root, '[data-action=undo]', HTMLButtonElement).disabled = !canUndo;
    find(this.#root, '[data-action=redo]', HTMLButtonElement).disabled = !canRedo;
  }

  /**
   * @param {string} selector of buttons
   * @param {(button: HTMLElement) => boolean} isPressed
   */
  #press(selector, isPressed) {
    for (const button of findAll(this.#root, selector, HTMLElement)) {
      button.setAttribute('aria-pressed', String(isPressed(button)));
    }
  }

  /**
   * @param {HTMLInputElement} input of the brush's size or hardness
   * @param {number} value the input keeps it within its bounds
   */
  #set(input, value) {
    input.value = String(value);
    if (input.nextElementSibling) input.nextElementSibling.textContent = input.value;
    this.brush.hardness = Number(this.#hardnessInput.value) / 100;
  }
}
