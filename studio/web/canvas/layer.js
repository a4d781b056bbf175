/**
 * The drawing layer: RGBA pixels that a `<canvas>` shows, and what can be undone.
 *
 * It is worked on at a multiple of the size that is sent, at least 1,024 pixels on the longer side, so that
 * strokes are smooth on the screen. All places are in pixels of this working size.
 *
 * @import { Box, Patch, Pixels } from './pixels.js'
 * @import { Brush, Dab, Point } from './tools.js'
 * @typedef {object} Drawing what is kept of a layer
 * @property {number} width of the base image
 * @property {number} height of the base image
 * @property {Patch} pixels
 * @property {Patch[]} past
 * @property {Patch[]} future
 */
import { floodFill } from './fill.js';
import { History } from './history.js';
import { copyPixels, isBlank, packPixels, shrink, union, unpackPixels } from './pixels.js';
import { constrain, cutLine, formatColor, outline, parseColor, Stroke } from './tools.js';

const WORKING_SIZE = 1024;
const HISTORY_BYTES = 64 * 2 ** 20;
const KEPT_HISTORY_BYTES = 8 * 2 ** 20;

/** @param {Patch} patch */
const sizeOf = (patch) => patch.runs.byteLength;

export class Layer {
  #sheet;
  #context;
  /** @type {ImageData} the pixels; the canvas shows them */
  #image;
  #scale = 1;
  /** @type {History<Patch>} */
  #history = new History(sizeOf, HISTORY_BYTES);
  /** @type {{ before: Pixels, pixels: Stroke, box: Box | null } | null} */
  #stroke = null;

  /** @param {HTMLCanvasElement} sheet */
  constructor(sheet) {
    const context = sheet.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('This browser does not support canvas.');
    this.#sheet = sheet;
    this.#context = context;
    this.#image = context.createImageData(sheet.width, sheet.height);
  }

  /** Of the drawing as it is sent, in pixels. */
  get width() {
    return this.#sheet.width / this.#scale;
  }

  /** Of the drawing as it is sent, in pixels. */
  get height() {
    return this.#sheet.height / this.#scale;
  }

  /** How many pixels of the layer one unit of a brush's size is: the longer side has 256. */
  get brushUnit() {
    return Math.max(this.#sheet.width, this.#sheet.height) / 256;
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
   * @param {number} width of what is sent, in pixels
   * @param {number} height of what is sent, in pixels
   */
  resize(width, height) {
    this.#scale = Math.ceil(WORKING_SIZE / Math.max(width, height));
    this.#sheet.width = width * this.#scale;
    this.#sheet.height = height * this.#scale;
    this.#image = this.#context.createImageData(this.#sheet.width, this.#sheet.height);
    this.#history.clear();
    this.#stroke = null;
  }

  /** Whether every pixel is fully transparent. */
  isEmpty() {
    return isBlank(this.#image);
  }

  /** @returns {string} the drawing at the size of the base image, as a data: URL of a PNG */
  encode() {
    const { width, height, data } = shrink(this.#image, this.#scale);
    const sheet = document.createElement('canvas');
    Object.assign(sheet, { width, height });
    const context = sheet.getContext('2d');
    if (!context) throw new Error('This browser does not support canvas.');
    const image = context.createImageData(width, height);
    image.data.set(data);
    context.putImageData(image, 0, 0);
    return sheet.toDataURL('image/png');
  }

  /** @returns {boolean} whether there was anything to undo */
  undo() {
    return this.#bringBack(this.#history.undo((step) => packPixels(this.#image, step)));
  }

  /** @returns {boolean} whether there was anything to redo */
  redo() {
    return this.#bringBack(this.#history.redo((step) => packPixels(this.#image, step)));
  }

  clear() {
    this.#recordAll();
    this.#image.data.fill(0);
    this.#show(this.#all);
  }

  /**
   * An image replaces the pixels. One of the size that is sent keeps its pixels exactly.
   *
   * @param {HTMLImageElement | HTMLCanvasElement} image
   * @param {boolean} fit keep its proportions, as large as fits, in the middle; else stretch it
   */
  replace(image, fit) {
    this.#recordAll();
    const { width, height } = this.#sheet;
    const share = Math.min(width / image.width, height / image.height);
    const [across, down] = fit ? [image.width * share, image.height * share] : [width, height];
    const context = this.#context;
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = image.width !== this.width || image.height !== this.height;
    context.imageSmoothingQuality = 'high';
    context.drawImage(image, (width - across) / 2, (height - down) / 2, across, down);
    this.#image = context.getImageData(0, 0, width, height);
  }

  /** @returns {Drawing} a copy of it all */
  keep() {
    const { width, height } = this;
    const steps = this.#history.steps(KEPT_HISTORY_BYTES);
    return { width, height, pixels: packPixels(this.#image, this.#all), ...steps };
  }

  /** @param {Drawing} drawing that `keep` gave, of the same size */
  resume(drawing) {
    this.#history.resume(drawing);
    unpackPixels(this.#image, drawing.pixels);
    this.#show(this.#all);
  }

  beginStroke() {
    const { width, height, data } = this.#image;
    const before = { width, height, data: data.slice() };
    this.#stroke = { before, pixels: new Stroke(before), box: null };
  }

  /** Withdraws what the stroke has painted so far; it may go on. */
  revertStroke() {
    if (!this.#stroke?.box) return;
    const { before, pixels, box } = this.#stroke;
    copyPixels(before, this.#image, box);
    this.#show(box);
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
    if (stroke?.box) this.#history.record(packPixels(stroke.before, stroke.box));
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
   * @returns {boolean} whether any pixel changed
   */
  fill(point, brush) {
    const { width, height, data } = this.#image;
    const before = { width, height, data: data.slice() };
    const color = parseColor(brush.color);
    let box = floodFill(this.#image, point, color);
    if (brush.mirrored) {
      const mirrored = { x: width - 1 - Math.floor(point.x), y: point.y };
      box = union(box, floodFill(this.#image, mirrored, color));
    }
    if (!box) return false;
    this.#history.record(packPixels(before, box));
    this.#show(box);
    return true;
  }

  /**
   * The color one sees at a point: the layer's, or that of `backdrop` where nothing is drawn.
   *
   * @param {Point} point
   * @param {HTMLImageElement} backdrop
   * @returns {string} as #rrggbb
   */
  colorAt({ x, y }, backdrop) {
    const sample = document.createElement('canvas');
    sample.width = sample.height = 1;
    const context = sample.getContext('2d');
    if (!context) throw new Error('This browser does not support canvas.');
    const [left, top] = [-Math.floor(x), -Math.floor(y)];
    const { width, height } = this.#sheet;
    if (backdrop.complete) context.drawImage(backdrop, left, top, width, height);
    context.drawImage(this.#sheet, left, top);
    const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
    return formatColor([red, green, blue]);
  }

  /** @returns {Box} */
  get #all() {
    return { left: 0, top: 0, width: this.#sheet.width, height: this.#sheet.height };
  }

  #recordAll() {
    this.#history.record(packPixels(this.#image, this.#all));
  }

  /** @param {Dab} dab */
  #mirror(dab) {
    return { ...dab, x: this.#sheet.width - dab.x };
  }

  /**
   * @param {Dab} from
   * @param {Dab} to
   * @param {Brush} brush
   */
  #paint(from, to, brush) {
    if (!this.#stroke) return;
    const box = this.#stroke.pixels.paint(this.#image, from, to, brush);
    if (!box) return;
    this.#stroke.box = union(this.#stroke.box, box);
    this.#show(box);
  }

  /** @param {Patch | undefined} patch */
  #bringBack(patch) {
    if (!patch) return false;
    unpackPixels(this.#image, patch);
    this.#show(patch);
    return true;
  }

  /** @param {Box} box whose pixels changed */
  #show({ left, top, width, height }) {
    this.#context.putImageData(this.#image, 0, 0, left, top, width, height);
  }
}
