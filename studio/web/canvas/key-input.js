/**
 * Keys of the canvas: tools, sizes, what floats, the space bar that holds the page, and undo from anywhere.
 *
 * @import { DoodleCanvas } from './doodle-canvas.js'
 * @typedef {object} Hand the pointer on the canvas
 * @property {boolean} isDrawing whether a stroke, a shape or a lasso has begun
 * @property {boolean} holdsPage whether it moves the page
 * @property {() => void} releasePage
 */
import { commandOf } from './keys.js';
import { arrowStep } from './selection-box.js';

/** Fields with an undo of their own. */
const TEXT_FIELDS =
  'textarea:not([readonly]), [contenteditable=true], ' +
  'input:not([readonly], [type=range], [type=checkbox], [type=radio], [type=color], [type=file])';
/** Where the canvas's own keys work. */
const KEYS_AT = 'canvas, .sketch-selection, .sketch-selection-bar';

export class KeyInput {
  #canvas;
  #hand;
  #spaceHeld = false;

  /**
   * @param {DoodleCanvas} canvas
   * @param {Hand} hand
   * @param {AbortSignal} signal ends listening
   */
  constructor(canvas, hand, signal) {
    this.#canvas = canvas;
    this.#hand = hand;
    const { frame, sheet } = canvas;
    frame.addEventListener('keydown', (event) => this.#key(event), { signal });
    frame.addEventListener('keyup', (event) => this.#keyUp(event), { signal });
    // The key is let go elsewhere.
    sheet.addEventListener('blur', () => this.takeSpace(), { signal });
    // Undo works wherever the focus is.
    document.addEventListener('keydown', (event) => this.#undoKey(event), { signal });
  }

  /** @returns {boolean} whether the space bar was held; it counts once */
  takeSpace() {
    const wasHeld = this.#spaceHeld;
    this.#spaceHeld = false;
    return wasHeld;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const isAltGr = event.getModifierState('AltGraph');
    if (!isAltGr && (event.ctrlKey || event.metaKey || event.altKey)) return;
    const { target } = event;
    if (!(target instanceof Element) || !target.closest(KEYS_AT)) return;
    // A button's own keys.
    if (target.matches('button') && (event.key === ' ' || event.key === 'Enter')) return;
    if (!this.#pressKey(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether it is a key of the canvas
   */
  #pressKey(event) {
    const { layers, selection } = this.#canvas;
    if (event.key === ' ') {
      if (!this.#hand.holdsPage) this.#spaceHeld = true;
      return true;
    }
    // Tools do not change in the middle of a stroke.
    if (this.#hand.isDrawing) return false;
    const step = arrowStep(event, layers.scale);
    if (step && selection.box) {
      selection.moveBy(...step);
      this.#canvas.changed();
      return true;
    }
    const command = commandOf(event);
    return command !== undefined && this.#canvas.runCommand(command);
  }

  /** @param {KeyboardEvent} event */
  #keyUp(event) {
    if (event.key !== ' ') return;
    this.#spaceHeld = false;
    this.#hand.releasePage();
  }

  /** @param {KeyboardEvent} event */
  #undoKey(event) {
    const command = event.ctrlKey || event.metaKey ? commandOf(event) : undefined;
    if (command !== 'undo' && command !== 'redo') return;
    if (document.querySelector('dialog[open]')) return;
    if (event.target instanceof Element && event.target.closest(TEXT_FIELDS)) return;
    event.preventDefault();
    if (!this.#hand.isDrawing) this.#canvas.runCommand(command);
  }
}
