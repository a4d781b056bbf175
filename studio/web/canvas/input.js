/**
 * Pointer input of the canvas: strokes, shapes, fills, lasso, pan and zoom.
 *
 * @import { DoodleCanvas } from './doodle-canvas.js'
 * @import { PenSettings } from './toolbar.js'
 * @import { Brush, Dab, Point } from './tools.js'
 */
import { KeyInput } from './key-input.js';
import { Stabiliser } from './stabiliser.js';
import { PinchGesture, pointerToPixel } from './viewport.js';

const SHAPES = new Set(['line', 'rectangle', 'ellipse']);
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
  /** @type {Brush} that draws, as it was when the pointer came down */
  #brush;
  /** @type {Stabiliser | null} of the stroke that is being drawn */
  #stroke = null;
  /** @type {Dab | null} where the shape began */
  #corner = null;
  /** @type {Point[] | null} the lasso's line */
  #lasso = null;
  /** @type {{ clientX: number, clientY: number } | null} where the page is held */
  #grip = null;
  #keys;
  #penSeen = false;
  /** Of the pointer that draws, or holds the page. */
  #pointer = -1;

  /**
   * @param {DoodleCanvas} canvas
   * @param {AbortSignal} signal
   */
  constructor(canvas, signal) {
    this.#canvas = canvas;
    this.#brush = canvas.brush;
    const { sheet, frame } = canvas;
    sheet.addEventListener('pointerdown', (event) => this.#down(event), { signal });
    sheet.addEventListener('pointermove', (event) => this.#move(event), { signal });
    for (const end of /** @type {const} */ (['pointerup', 'pointercancel'])) {
      sheet.addEventListener(end, (event) => this.#up(event), { signal });
    }
    sheet.addEventListener('pointerleave', () => canvas.ring.hide(), { signal });
    frame.addEventListener('wheel', (event) => this.#wheel(event), { signal, passive: false });
    this.#keys = new KeyInput(canvas, this, signal);
  }

  /** Whether a stroke, a shape or a lasso has begun. */
  get isDrawing() {
    return this.#stroke !== null || this.#corner !== null || this.#lasso !== null;
  }

  /** Whether a pointer moves the page. */
  get holdsPage() {
    return this.#grip !== null;
  }

  /** Lets go of the page. */
  releasePage() {
    this.#grip = null;
  }

  /**
   * @param {PointerEvent} event
   * @returns {Dab}
   */
  #dab(event) {
    const { sheet, toolbar, layers } = this.#canvas;
    const brush = { size: toolbar.size * layers.brushUnit, opacity: toolbar.opacity };
    return {
      ...pointerToPixel(event, sheet.getBoundingClientRect(), sheet),
      ...pressed(brush, event, toolbar.pen),
    };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const { sheet, toolbar } = this.#canvas;
    // A palm beside the pen.
    if (this.isDrawing && event.pointerType === 'touch' && toolbar.pen.penOnly) return;
    this.#canvas.showMessage('');
    if (this.#secondFinger(event)) return;
    // One pointer draws at a time.
    if (event.button !== 0 || this.isDrawing) return;
    if (event.pointerType === 'pen' && !this.#penSeen) toolbar.usePenOnly();
    this.#penSeen ||= event.pointerType === 'pen';
    event.preventDefault();
    sheet.focus({ preventScroll: true });
    sheet.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.#brush = { ...toolbar.brush };
    const isPalm = event.pointerType === 'touch' && toolbar.pen.penOnly;
    if (this.#brush.tool === 'hand' || this.#keys.takeSpace() || isPalm) {
      this.#grip = { clientX: event.clientX, clientY: event.clientY };
      return;
    }
    this.#begin(this.#dab(event));
  }

  /** @param {Dab} at where the tool is put down */
  #begin(at) {
    const { painter, selection, toolbar } = this.#canvas;
    const brush = this.#brush;
    if (brush.tool === 'eyedropper') {
      this.#canvas.pick(at);
      return;
    }
    // A press beside what floats only puts it down.
    if (selection.box) {
      this.#canvas.commitSelection();
      if (brush.tool !== 'lasso') return;
    }
    if (!this.#canvas.mayDraw()) return;
    if (brush.tool === 'lasso') {
      this.#lasso = [at];
    } else if (brush.tool === 'fill') {
      if (painter.fill(at, brush, toolbar.pattern)) this.#canvas.changed();
    } else {
      painter.beginStroke();
      if (SHAPES.has(brush.tool)) {
        this.#corner = at;
      } else {
        this.#stroke = new Stabiliser(at, toolbar.pen.smooth);
        painter.strokeLine(at, at, brush);
      }
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
    if (this.isDrawing) this.#canvas.painter.cancelStroke();
    this.#stroke = this.#corner = this.#lasso = this.#grip = null;
    this.#canvas.traceLasso([]);
    return this.#pinch.advance(this.#canvas.viewport);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const { painter, viewport } = this.#canvas;
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
      painter.revertStroke();
      painter.strokeShape(this.#corner, this.#dab(event), event.shiftKey, this.#brush);
    } else if (this.#stroke || this.#lasso) {
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length ? moves : [event]) this.#follow(this.#dab(move));
      if (this.#lasso) this.#canvas.traceLasso(this.#lasso);
    }
  }

  /** @param {Dab} to where the pointer has come to */
  #follow(to) {
    this.#lasso?.push(to);
    for (const line of this.#stroke?.move(to) ?? []) {
      this.#canvas.painter.strokeLine(...line, this.#brush);
    }
  }

  /** @param {PointerEvent} event */
  #showRing(event) {
    const { brush, layers, ring, toolbar } = this.#canvas;
    const draws = brush.tool === 'brush' || brush.tool === 'eraser' || SHAPES.has(brush.tool);
    if (!draws || event.pointerType === 'touch') {
      ring.hide();
      return;
    }
    const color = brush.tool === 'eraser' ? null : brush.color;
    ring.show(event, toolbar.size * layers.brushUnit, color);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.#pinch.lift(event.pointerId);
    if (event.pointerId !== this.#pointer) return;
    this.#grip = null;
    if (!this.isDrawing) return;
    const { painter, selection } = this.#canvas;
    if (this.#lasso) {
      this.#canvas.traceLasso([]);
      if (event.type === 'pointerup') selection.lasso(this.#lasso);
      this.#lasso = null;
      return;
    }
    if (this.#stroke && event.type === 'pointerup') {
      for (const line of this.#stroke.end(this.#dab(event))) {
        painter.strokeLine(...line, this.#brush);
      }
    }
    this.#stroke = this.#corner = null;
    painter.endStroke();
    this.#canvas.changed();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.#canvas.viewport.zoom(Math.exp(-event.deltaY / 300), event);
  }
}
