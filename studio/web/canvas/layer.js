/**
 * The drawing layer: the exact RGBA pixels of a `<canvas>`, and what can be undone.
 *
 * @import { Brush, Dab, Point } from './tools.js'
 */
import { History } from './history.js';
import {
  constrain,
  dabBounds,
  dabsBetween,
  floodFill,
  formatColor,
  outline,
  parseColor,
  Stroke,
} from './tools.js';

const HISTORY_BYTES = 64 * 2 ** 20;
const MIN_UNDO_STEPS = 5;

export class Layer {
  #sheet;
  #context;
  /** @type {History<ImageData>} */
  #history = new History();
  /** @type {{ before: ImageData, pixels: Stroke } | null} */
  #stroke = null;

  /** @param {HTMLCanvasElement} sheet */
  constructor(sheet) {
    const context = sheet.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('This browser does not support canvas.');
    this.#sheet = sheet;
    this.#context = context;
  }

  get width() {
    return this.#sheet.width;
  }

  get height() {
    return this.#sheet.height;
  }

  get canUndo() {
    return this.#history.canUndo;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  /**
   * Another size empties the layer, and nothing before it can be undone.
   *
   * @param {number} width in pixels
   * @param {number} height in pixels
   */
  resize(width, height) {
    this.#sheet.width = width;
    this.#sheet.height = height;
    this.#history.clear();
    this.#stroke = null;
  }

  /** Whether every pixel is fully transparent. */
  isEmpty() {
    const { data } = this.#snapshot();
    for (let i = 3; i < data.length; i += 4) if (data[i]) return false;
    return true;
  }

  /** @returns {string} the pixels as a data: URL of a PNG */
  encode() {
    return this.#sheet.toDataURL('image/png');
  }

  /**
   * Records the present pixels for undo; call it before they change.
   *
   * @returns {ImageData}
   */
  record() {
    const snapshot = this.#snapshot();
    const fitting = Math.floor(HISTORY_BYTES / (4 * this.width * this.height));
    this.#history.record(snapshot, Math.max(MIN_UNDO_STEPS, fitting));
    return snapshot;
  }

  /** @returns {boolean} whether there was anything to undo */
  undo() {
    return this.#restore(this.#history.undo(() => this.#snapshot()));
  }

  /** @returns {boolean} whether there was anything to redo */
  redo() {
    return this.#restore(this.#history.redo(() => this.#snapshot()));
  }

  clear() {
    this.#context.clearRect(0, 0, this.width, this.height);
  }

  /**
   * An image replaces the pixels.
   *
   * @param {HTMLImageElement} image
   * @param {boolean} fit keep its proportions, as large as fits, in the middle; else stretch it
   */
  replace(image, fit) {
    const share = Math.min(this.width / image.width, this.height / image.height);
    const width = fit ? image.width * share : this.width;
    const height = fit ? image.height * share : this.height;
    this.clear();
    this.#context.globalCompositeOperation = 'source-over';
    const [left, top] = [(this.width - width) / 2, (this.height - height) / 2];
    this.#context.drawImage(image, left, top, width, height);
  }

  beginStroke() {
    const before = this.record();
    this.#stroke = { before, pixels: new Stroke(before) };
  }

  /** Withdraws what the stroke has painted so far; it may go on. */
  revertStroke() {
    if (!this.#stroke) return;
    this.#context.putImageData(this.#stroke.before, 0, 0);
    this.#stroke.pixels.reset();
  }

  /** Withdraws the stroke, as if it had never begun. */
  cancelStroke() {
    this.revertStroke();
    this.#history.drop();
  }

  /**
   * Draws a straight part of the stroke.
   *
   * @param {Dab} from
   * @param {Dab} to
   * @param {Brush} brush
   */
  strokeLine(from, to, brush) {
    for (const dab of dabsBetween(from, to)) {
      this.#paint(dab, brush);
      if (brush.mirrored) this.#paint({ ...dab, x: this.width - dab.x }, brush);
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
      this.strokeLine({ x, y, r: to.r }, { x: end.x, y: end.y, r: to.r }, brush);
    }
  }

  /**
   * @param {Point} point
   * @param {Brush} brush
   */
  fill(point, brush) {
    this.#fill(point, brush);
    if (brush.mirrored) {
      this.#fill({ x: this.width - 1 - Math.floor(point.x), y: point.y }, brush);
    }
  }

  /**
   * The color one sees at a point: the layer's, or that of `backdrop` where nothing is drawn.
   *
   * @param {Point} point
   * @param {CanvasImageSource} backdrop
   * @returns {string} as #rrggbb
   */
  colorAt({ x, y }, backdrop) {
    const sample = document.createElement('canvas');
    sample.width = sample.height = 1;
    const context = sample.getContext('2d');
    if (!context) throw new Error('This browser does not support canvas.');
    const [left, top] = [-Math.floor(x), -Math.floor(y)];
    context.drawImage(backdrop, left, top, this.width, this.height);
    context.drawImage(this.#sheet, left, top);
    const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
    return formatColor([red, green, blue]);
  }

  /**
   * @param {Point} point
   * @param {Brush} brush
   */
  #fill(point, brush) {
    const image = this.#snapshot();
    if (floodFill(image, point, parseColor(brush.color))) this.#context.putImageData(image, 0, 0);
  }

  /**
   * @param {Dab} dab
   * @param {Brush} brush
   */
  #paint(dab, brush) {
    const bounds = dabBounds(dab, this.width, this.height);
    if (!bounds || !this.#stroke) return;
    const { left, top } = bounds;
    const patch = this.#context.getImageData(left, top, bounds.width, bounds.height);
    this.#stroke.pixels.paint(patch, left, top, dab, brush);
    this.#context.putImageData(patch, left, top);
  }

  #snapshot() {
    return this.#context.getImageData(0, 0, this.width, this.height);
  }

  /** @param {ImageData | undefined} snapshot */
  #restore(snapshot) {
    if (snapshot) this.#context.putImageData(snapshot, 0, 0);
    return snapshot !== undefined;
  }
}
