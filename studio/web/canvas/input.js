/**
 * Pointer and keyboard input of the canvas: strokes, shapes, fills, pan and zoom, shortcuts.
 *
 * @import { Canvas } from './index.js'
 * @import { Dab, Tool } from './tools.js'
 */
import { PinchGesture, pointerToPixel } from './viewport.js';

const SHAPES = new Set(['line', 'rectangle', 'ellipse']);
/** Fields with an undo of their own. */
const TEXT_FIELDS =
  'textarea:not([readonly]), [contenteditable=true], ' +
  'input:not([readonly], [type=range], [type=checkbox], [type=radio], [type=color], [type=file])';
/** @type {Readonly<Record<string, Tool>>} */
const TOOL_KEYS = {
  b: 'brush',
  e: 'eraser',
  f: 'fill',
  i: 'eyedropper',
  l: 'line',
  r: 'rectangle',
  o: 'ellipse',
  h: 'hand',
};
/** @type {Readonly<Record<string, string>>} */
const ACTION_KEYS = {
  m: 'mirror',
  '+': 'zoom-in',
  '=': 'zoom-in',
  '-': 'zoom-out',
  0: 'zoom-fit',
  '?': 'help',
};
/** @type {Readonly<Record<string, number>>} */
const SIZE_KEYS = { '[': -2, ']': 2 };

/**
 * @param {number} size the brush's diameter in pixels
 * @param {{ pointerType: string, pressure: number }} pointer
 * @returns {number} the brush's radius in pixels: a pen that presses harder draws wider
 */
export function brushRadius(size, { pointerType, pressure }) {
  return (size / 2) * (pointerType === 'pen' && pressure > 0 ? 0.35 + 1.3 * pressure : 1);
}

/** Listens for a canvas, until `signal` is aborted. */
export class Input {
  #canvas;
  #pinch = new PinchGesture();
  /** @type {Dab | null} where the stroke has come to */
  #last = null;
  /** @type {Dab | null} where the shape began */
  #corner = null;
  /** @type {{ clientX: number, clientY: number } | null} where the page is held */
  #grip = null;
  #spaceHeld = false;

  /**
   * @param {Canvas} canvas
   * @param {AbortSignal} signal
   */
  constructor(canvas, signal) {
    this.#canvas = canvas;
    const { root, sheet, frame } = canvas;
    sheet.addEventListener('pointerdown', (event) => this.#down(event), { signal });
    sheet.addEventListener('pointermove', (event) => this.#move(event), { signal });
    for (const end of /** @type {const} */ (['pointerup', 'pointercancel'])) {
      sheet.addEventListener(end, (event) => this.#up(event), { signal });
    }
    frame.addEventListener('wheel', (event) => this.#wheel(event), { signal, passive: false });
    root.addEventListener('keydown', (event) => this.#key(event), { signal });
    sheet.addEventListener('keyup', (event) => this.#keyUp(event), { signal });
    // Undo works wherever the focus is.
    document.addEventListener('keydown', (event) => this.#undoKey(event), { signal });
  }

  get #drawing() {
    return this.#last !== null || this.#corner !== null;
  }

  /**
   * @param {PointerEvent} event
   * @returns {Dab}
   */
  #dab(event) {
    const { sheet, toolbar } = this.#canvas;
    return {
      ...pointerToPixel(event, sheet.getBoundingClientRect(), sheet),
      r: brushRadius(toolbar.size, event),
    };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const { brush, layer, sheet } = this.#canvas;
    this.#canvas.showMessage('');
    if (this.#secondFinger(event)) return;
    if (event.button !== 0) return;
    event.preventDefault();
    sheet.focus({ preventScroll: true });
    const at = this.#dab(event);
    if (brush.tool === 'eyedropper') {
      this.#canvas.pick(at);
      return;
    }
    sheet.setPointerCapture(event.pointerId);
    if (brush.tool === 'hand' || this.#spaceHeld) {
      this.#spaceHeld = false;
      this.#grip = { clientX: event.clientX, clientY: event.clientY };
      return;
    }
    layer.beginStroke();
    this.#canvas.showHistory();
    if (brush.tool === 'fill') {
      layer.fill(at, brush);
      this.#canvas.emitChange();
    } else if (SHAPES.has(brush.tool)) {
      this.#corner = at;
    } else {
      this.#last = at;
      layer.strokeLine(at, at, brush);
    }
  }

  /**
   * A second finger starts a pinch gesture; the stroke that the first one has begun is undone.
   *
   * @param {PointerEvent} event
   * @returns {boolean} whether two fingers are down
   */
  #secondFinger(event) {
    if (event.pointerType !== 'touch') return false;
    this.#pinch.place(event);
    if (!this.#pinch.active) return false;
    if (this.#drawing) {
      this.#canvas.layer.cancelStroke();
      this.#canvas.showHistory();
    }
    this.#last = this.#corner = null;
    return this.#pinch.advance(this.#canvas.viewport);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const { brush, layer, viewport } = this.#canvas;
    if (this.#pinch.has(event.pointerId)) {
      this.#pinch.place(event);
      if (this.#pinch.advance(viewport)) return;
    }
    if (this.#grip) {
      viewport.pan(event.clientX - this.#grip.clientX, event.clientY - this.#grip.clientY);
      this.#grip = { clientX: event.clientX, clientY: event.clientY };
    } else if (this.#corner) {
      layer.revertStroke();
      layer.strokeShape(this.#corner, this.#dab(event), event.shiftKey, brush);
    } else if (this.#last) {
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length ? moves : [event]) {
        const at = this.#dab(move);
        layer.strokeLine(this.#last, at, brush);
        this.#last = at;
      }
    }
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.#pinch.lift(event.pointerId);
    this.#grip = null;
    if (!this.#drawing) return;
    this.#last = this.#corner = null;
    this.#canvas.emitChange();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.#canvas.viewport.zoom(Math.exp(-event.deltaY / 300), event);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { sheet } = this.#canvas;
    if (event.target !== sheet || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === ' ') {
      event.preventDefault();
      if (!this.#grip) this.#spaceHeld = true;
    } else if (key in TOOL_KEYS) {
      this.#canvas.toolbar.choose(TOOL_KEYS[key]);
    } else if (key in ACTION_KEYS) {
      this.#canvas.runAction(ACTION_KEYS[key]);
    } else if (key in SIZE_KEYS) {
      this.#canvas.toolbar.size += SIZE_KEYS[key];
    }
  }

  /** @param {KeyboardEvent} event */
  #keyUp(event) {
    if (event.key !== ' ') return;
    this.#spaceHeld = false;
    this.#grip = null;
  }

  /** @param {KeyboardEvent} event */
  #undoKey(event) {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== 'z' && key !== 'y')) return;
    if (!this.#canvas.root.isConnected || document.querySelector('dialog[open]')) return;
    if (event.target instanceof Element && event.target.closest(TEXT_FIELDS)) return;
    event.preventDefault();
    if (this.#drawing) return;
    this.#canvas.runAction(key === 'y' || event.shiftKey ? 'redo' : 'undo');
  }
}
