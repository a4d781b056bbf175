/**
 * What the tools paint on the active layer: strokes, shapes and fills, each one step of undo.
 *
 * @import { LayerStack } from './layers.js'
 * @import { PatternId } from './patterns.js'
 * @import { Box, Pixels } from './pixels.js'
 * @import { Brush, Dab, Point } from './tools.js'
 */
import { floodFill } from './fill.js';
import { thinOut } from './patterns.js';
import { cloneOf, copyPixels, union } from './pixels.js';
import { constrain, cutLine, outline, parseColor, Stroke } from './tools.js';

export class Painter {
  #layers;
  /** @type {{ image: Pixels, before: Pixels, pixels: Stroke, box: Box | null } | null} */
  #stroke = null;

  /** @param {LayerStack} layers */
  constructor(layers) {
    this.#layers = layers;
  }

  beginStroke() {
    const { image } = this.#layers.active;
    const before = cloneOf(image);
    this.#stroke = { image, before, pixels: new Stroke(before), box: null };
  }

  /** Withdraws what the stroke has painted so far; it may go on. */
  revertStroke() {
    if (!this.#stroke?.box) return;
    const { image, before, pixels, box } = this.#stroke;
    copyPixels(before, image, box);
    this.#layers.show(box);
    pixels.reset();
    this.#stroke.box = null;
  }

  /** Withdraws the stroke, as if it had never begun. */
  cancelStroke() {
    this.revertStroke();
    this.#stroke = null;
  }

  /** The stroke is done, and can be undone. */
  endStroke() {
    const stroke = this.#stroke;
    if (stroke?.box) this.#layers.record(stroke.before, stroke.box);
    this.#stroke = null;
  }

  /**
   * Draws a straight part of the stroke.
   *
   * @param {Dab} from
   * @param {Dab} to
   * @param {Brush} brush
   */
  strokeLine(from, to, brush) {
    for (const [start, end] of cutLine(from, to)) {
      this.#paint(start, end, brush);
      if (brush.mirrored) this.#paint(this.#mirror(start), this.#mirror(end), brush);
    }
  }

  /**
   * Draws the brush's shape (line, rectangle or ellipse) from one corner to the other.
   *
   * @param {Dab} from
   * @param {Dab} to its radius is the shape's
   * @param {boolean} even as Shift asks, see `constrain`
   * @param {Brush} brush
   */
  strokeShape(from, to, even, brush) {
    const points = outline(brush.tool, from, even ? constrain(brush.tool, from, to) : to);
    for (let i = 1; i < points.length; i++) {
      const [{ x, y }, end] = [points[i - 1], points[i]];
      this.strokeLine({ ...to, x, y }, { ...to, x: end.x, y: end.y }, brush);
    }
  }

  /**
   * @param {Point} point
   * @param {Brush} brush
   * @param {PatternId} pattern
   * @returns {boolean} whether any pixel changed
   */
  fill(point, brush, pattern) {
    const { image } = this.#layers.active;
    const before = cloneOf(image);
    const color = parseColor(brush.color);
    let box = floodFill(image, point, color);
    if (brush.mirrored) {
      const mirrored = { x: image.width - 1 - Math.floor(point.x), y: point.y };
      box = union(box, floodFill(image, mirrored, color));
    }
    if (!box) return false;
    thinOut(image, before, box, pattern, this.#layers.brushUnit);
    this.#layers.record(before, box);
    this.#layers.show(box);
    return true;
  }

  /** @param {Dab} dab */
  #mirror(dab) {
    return { ...dab, x: this.#layers.whole.width - dab.x };
  }

  /**
   * @param {Dab} from
   * @param {Dab} to
   * @param {Brush} brush
   */
  #paint(from, to, brush) {
    if (!this.#stroke) return;
    const box = this.#stroke.pixels.paint(this.#stroke.image, from, to, brush);
    if (!box) return;
    this.#stroke.box = union(this.#stroke.box, box);
    this.#layers.show(box);
  }
}
