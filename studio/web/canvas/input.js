/**
 * Pointer and keyboard input of the canvas: strokes, shapes, fills, pan and zoom, shortcuts.
 *
 * @import { DoodleCanvas } from './doodle-canvas.js'
 * @import { PenSettings } from './toolbar.js'
 * @import { Dab, Tool } from './tools.js'
 */
import { Stabiliser } from './stabiliser.js';
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
 * How a pointer draws: a pen that presses harder draws wider, or covers more.
 *
 * @param {{ size: number, opacity: number }} brush its diameter in pixels; 0 to 1
 * @param {{ pointerType: string, pressure: number }} pointer
 * @param {Pick<PenSettings, 'pressureSize' | 'pressureOpacity'>} settings
 * @returns {{ r: number, opacity: number }} the radius in pixels, and how much the brush covers, 0 to 1
 */
export function pressed({ size, opacity }, { pointerType, pressure }, settings) {
  const presses = pointerType === 'pen' && pressure > 0;
  return {
    r: (size / 2) * (presses && settings.pressureSize ? 0.35 + 1.3 * pressure : 1),
    opacity: opacity * (presses && settings.pressureOpacity ? 0.1 + 0.9 * pressure : 1),
  };
}

/** Listens for a canvas, until `signal` is aborted. */
export class Input {
  #canvas;
  #pinch = new PinchGesture();
  /** @type {Stabiliser | null} of the stroke that is being drawn */
  #stroke = null;
  /** @type {Dab | null} where the shape began */
  #corner = null;
  /** @type {{ clientX: number, clientY: number } | null} where the page is held */
  #grip = null;
  #spaceHeld = false;
  #penSeen = false;
  /** Of the pointer that draws, or holds the page. */
  #pointer = -1;

  /**
   * @param {DoodleCanvas} canvas
   * @param {AbortSignal} signal
   */
  constructor(canvas, signal) {
    this.#canvas = canvas;
    const { sheet, frame } = canvas;
    sheet.addEventListener('pointerdown', (event) => this.#down(event), { signal });
    sheet.addEventListener('pointermove', (event) => this.#move(event), { signal });
    for (const end of /** @type {const} */ (['pointerup', 'pointercancel'])) {
      sheet.addEventListener(end, (event) => this.#up(event), { signal });
    }
    sheet.addEventListener('pointerleave', () => canvas.ring.hide(), { signal });
    frame.addEventListener('wheel', (event) => this.#wheel(event), { signal, passive: false });
    sheet.addEventListener('keydown', (event) => this.#key(event), { signal });
    sheet.addEventListener('keyup', (event) => this.#keyUp(event), { signal });
    // Undo works wherever the focus is.
    document.addEventListener('keydown', (event) => this.#undoKey(event), { signal });
  }

  get #drawing() {
    return this.#stroke !== null || this.#corner !== null;
  }

  /**
   * @param {PointerEvent} event
   * @returns {Dab}
   */
  #dab(event) {
    const { sheet, toolbar, layer } = this.#canvas;
    const brush = { size: toolbar.size * layer.brushUnit, opacity: toolbar.opacity };
    return {
      ...pointerToPixel(event, sheet.getBoundingClientRect(), sheet),
      ...pressed(brush, event, toolbar.pen),
    };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const { brush, layer, sheet, toolbar } = this.#canvas;
    // A palm beside the pen.
    if (this.#drawing && event.pointerType === 'touch' && toolbar.pen.penOnly) return;
    this.#canvas.showMessage('');
    if (this.#secondFinger(event)) return;
    if (event.button !== 0) return;
    if (event.pointerType === 'pen' && !this.#penSeen) toolbar.usePenOnly();
    this.#penSeen ||= event.pointerType === 'pen';
    event.preventDefault();
    sheet.focus({ preventScroll: true });
    const at = this.#dab(event);
    sheet.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    const isPalm = event.pointerType === 'touch' && toolbar.pen.penOnly;
    if (brush.tool === 'hand' || this.#spaceHeld || isPalm) {
      this.#spaceHeld = false;
      this.#grip = { clientX: event.clientX, clientY: event.clientY };
      return;
    }
    if (brush.tool === 'eyedropper') {
      this.#canvas.pick(at);
      return;
    }
    if (brush.tool === 'fill') {
      if (layer.fill(at, brush)) this.#canvas.changed();
      return;
    }
    layer.beginStroke();
    if (SHAPES.has(brush.tool)) {
      this.#corner = at;
    } else {
      this.#stroke = new Stabiliser(at, toolbar.pen.smooth);
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
    if (this.#drawing) this.#canvas.layer.cancelStroke();
    this.#stroke = this.#corner = this.#grip = null;
    return this.#pinch.advance(this.#canvas.viewport);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const { brush, layer, viewport } = this.#canvas;
    this.#showRing(event);
    this.#canvas.dodge(event);
    if (this.#pinch.has(event.pointerId)) {
      this.#pinch.place(event);
      if (this.#pinch.advance(viewport)) return;
    }
    if (event.pointerId !== this.#pointer) return;
    if (this.#grip) {
      viewport.pan(event.clientX - this.#grip.clientX, event.clientY - this.#grip.clientY);
      this.#grip = { clientX: event.clientX, clientY: event.clientY };
    } else if (this.#corner) {
      layer.revertStroke();
      layer.strokeShape(this.#corner, this.#dab(event), event.shiftKey, brush);
    } else if (this.#stroke) {
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length ? moves : [event]) {
        for (const line of this.#stroke.move(this.#dab(move))) layer.strokeLine(...line, brush);
      }
    }
  }

  /** @param {PointerEvent} event */
  #showRing(event) {
    const { brush, layer, ring, toolbar } = this.#canvas;
    const draws = brush.tool === 'brush' || brush.tool === 'eraser' || SHAPES.has(brush.tool);
    if (!draws || event.pointerType === 'touch') {
      ring.hide();
      return;
    }
    ring.show(event, toolbar.size * layer.brushUnit, brush.tool === 'eraser' ? null : brush.color);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.#pinch.lift(event.pointerId);
    if (event.pointerId !== this.#pointer) return;
    this.#grip = null;
    if (!this.#drawing) return;
    const { brush, layer } = this.#canvas;
    if (this.#stroke && event.type === 'pointerup') {
      for (const line of this.#stroke.end(this.#dab(event))) layer.strokeLine(...line, brush);
    }
    this.#stroke = this.#corner = null;
    layer.endStroke();
    this.#canvas.changed();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.#canvas.viewport.zoom(Math.exp(-event.deltaY / 300), event);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
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
    if (document.querySelector('dialog[open]')) return;
    if (event.target instanceof Element && event.target.closest(TEXT_FIELDS)) return;
    event.preventDefault();
    if (this.#drawing) return;
    this.#canvas.runAction(key === 'y' || event.shiftKey ? 'redo' : 'undo');
  }
}
