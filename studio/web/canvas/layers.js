/**
 * The drawing: layers of RGBA pixels, which one `<canvas>` shows flattened, and what can be undone.
 *
 * It is worked on at a multiple of the size that is sent, at least 1,024 pixels on the longer side, so that
 * strokes are smooth on the screen. All places are in pixels of this working size. What is sent is
 * `encode()`: the layers that are shown, flattened.
 *
 * @import { Layer, LayerPatch, Order, Step } from './layer-order.js'
 * @import { Box, Pixels } from './pixels.js'
 * @typedef {object} KeptDrawing what is kept of a drawing
 * @property {number} width of the base image
 * @property {number} height of the base image
 * @property {Step} now with the pixels of every layer
 * @property {Step[]} past
 * @property {Step[]} future
 */
import { flatten, layInto } from './blend.js';
import { History } from './history.js';
import { toPng } from './images.js';
import {
  activeOf,
  applyStep,
  inverseOf,
  pairToMerge,
  patchOf,
  singleLayer,
  stepTo,
  withChanged,
  withMerged,
  withMoved,
  withNewLayer,
  withoutActive,
} from './layer-order.js';
import { isBlank, packPixels, shrink, wholeOf } from './pixels.js';

export const MAX_LAYERS = 8;
const WORKING_SIZE = 1024;
const HISTORY_BYTES = 64 * 2 ** 20;
const KEPT_HISTORY_BYTES = 8 * 2 ** 20;

/** @param {Step} step */
const sizeOf = ({ patches }) => patches.reduce((sum, { patch }) => sum + patch.runs.byteLength, 0);

export class LayerStack {
  #sheet;
  #context;
  #scale = 1;
  /** @type {Order} */
  #order;
  /** @type {ImageData} what the canvas shows; where one layer is all there is, that layer's own pixels */
  #flat;
  /** @type {History<Step>} */
  #history = new History(sizeOf, HISTORY_BYTES);
  /** @type {Step | null} what stood before the opacity began to be changed */
  #beforeFade = null;

  /** @param {HTMLCanvasElement} sheet */
  constructor(sheet) {
    const context = sheet.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('This browser does not support canvas.');
    this.#sheet = sheet;
    this.#context = context;
    const blank = this.#blank();
    this.#order = singleLayer(blank);
    this.#flat = blank;
  }

  /** Of the drawing as it is sent, in pixels. */
  get width() {
    return this.#sheet.width / this.#scale;
  }

  /** Of the drawing as it is sent, in pixels. */
  get height() {
    return this.#sheet.height / this.#scale;
  }

  /** How many pixels of a layer one pixel of what is sent is, in each direction. */
  get scale() {
    return this.#scale;
  }

  /** How many pixels of a layer one unit of a brush's size is: the longer side has 256. */
  get brushUnit() {
    return Math.max(this.#sheet.width, this.#sheet.height) / 256;
  }

  /** @returns {Box} */
  get whole() {
    return wholeOf(this.#sheet);
  }

  /** @returns {readonly Layer[]} from the lowest */
  get all() {
    return this.#order.layers;
  }

  /** The layer that is drawn on. */
  get active() {
    return activeOf(this.#order);
  }

  get canUndo() {
    return this.#history.canUndo;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  /** Whether there is one layer, and nothing on it. */
  get isBare() {
    return this.all.length === 1 && isBlank(this.all[0].image);
  }

  /** Whether what is sent is fully transparent: nothing is drawn, or nothing of it is shown. */
  isEmpty() {
    return isBlank(this.#flat);
  }

  /** Whether the layer below the active one can take it in. */
  get canMerge() {
    return pairToMerge(this.#order).length > 0;
  }

  /** @returns {string} the drawing at the size of the base image, as a data: URL of a PNG */
  encode() {
    return toPng(shrink(this.#flat, this.#scale));
  }

  /** @returns {boolean} whether there was anything to undo */
  undo() {
    return this.#apply(this.#history.undo((step) => inverseOf(this.#order, step)));
  }

  /** @returns {boolean} whether there was anything to redo */
  redo() {
    return this.#apply(this.#history.redo((step) => inverseOf(this.#order, step)));
  }

  /**
   * A part of the active layer was changed, and is to be undone in one step.
   *
   * @param {Pixels} before the layer as it was; of its size
   * @param {Box} box where it may have changed
   */
  record(before, box) {
    this.#history.record(this.step(before, box));
  }

  /**
   * @param {Pixels} before the active layer as it was; of its size
   * @param {Box} box
   * @returns {Step} that brings it back
   */
  step(before, box) {
    return this.#stepWith([{ layer: this.#order.active, patch: packPixels(before, box) }]);
  }

  /**
   * Shows what was changed of a layer.
   *
   * @param {Box} box
   */
  show(box) {
    if (this.#flat !== this.all[0].image) flatten(this.#flat, this.all, box);
    const { left, top, width, height } = box;
    this.#context.putImageData(this.#flat, 0, 0, left, top, width, height);
  }

  /** @param {number} id of the layer to draw on from now on */
  activate(id) {
    if (this.all.some((layer) => layer.id === id)) this.#order = { ...this.#order, active: id };
  }

  /** A new layer above the active one, which is drawn on from now on. */
  add() {
    if (this.all.length >= MAX_LAYERS) return;
    this.#record([]);
    this.#arrange(withNewLayer(this.#order, this.#blank()));
  }

  /** The active layer goes; the last one stays. */
  remove() {
    if (this.all.length === 1) return;
    this.#record([this.active]);
    this.#arrange(withoutActive(this.#order));
  }

  /** The active layer becomes part of the one below it, as it is seen. */
  mergeDown() {
    const pair = pairToMerge(this.#order);
    if (!pair.length) return;
    this.#record(pair);
    const image = this.#blank();
    flatten(image, pair, this.whole);
    this.#arrange(withMerged(this.#order, pair, image));
  }

  /** @param {1 | -1} by up or down */
  move(by) {
    const moved = withMoved(this.#order, by);
    if (!moved) return;
    this.#record([]);
    this.#arrange(moved);
  }

  /**
   * @param {number} id
   * @param {'isVisible' | 'isLocked'} what
   */
  toggle(id, what) {
    this.#record([]);
    this.#arrange(withChanged(this.#order, id, (layer) => ({ [what]: !layer[what] })));
  }

  /**
   * @param {number} opacity of the active layer, 0 to 1
   * @param {boolean} isLast whether the hand has let go: all of it is one step
   */
  fade(opacity, isLast) {
    this.#beforeFade ??= this.#stepWith([]);
    this.#arrange(withChanged(this.#order, this.#order.active, () => ({ opacity })));
    if (!isLast) return;
    this.#history.record(this.#beforeFade);
    this.#beforeFade = null;
  }

  /** Nothing is drawn any more, and there is one layer. */
  clear() {
    this.#record(this.all);
    this.#arrange(singleLayer(this.#blank()));
  }

  /**
   * An image replaces the drawing. One of the size that is sent keeps its pixels exactly.
   *
   * @param {HTMLImageElement} image
   * @param {boolean} fit keep its proportions, as large as fits, in the middle; else stretch it
   */
  replace(image, fit) {
    this.#record(this.all);
    const { width, height } = this.#sheet;
    const share = Math.min(width / image.width, height / image.height);
    const [across, down] = fit ? [image.width * share, image.height * share] : [width, height];
    const context = this.#context;
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = image.width !== this.width || image.height !== this.height;
    context.imageSmoothingQuality = 'high';
    context.drawImage(image, (width - across) / 2, (height - down) / 2, across, down);
    this.#arrange(singleLayer(context.getImageData(0, 0, width, height)));
  }

  /**
   * Another size: the layers are scaled as large as fits, in the middle, and nothing before it can be undone.
   *
   * @param {number} width of what is sent, in pixels
   * @param {number} height of what is sent, in pixels
   */
  resize(width, height) {
    this.#scale = Math.ceil(WORKING_SIZE / Math.max(width, height));
    this.#sheet.width = width * this.#scale;
    this.#sheet.height = height * this.#scale;
    const layers = this.all.map((layer) => {
      const image = this.#blank();
      layInto(image, layer.image);
      return { ...layer, image };
    });
    this.#history.clear();
    this.#beforeFade = null;
    this.#arrange({ ...this.#order, layers });
  }

  /**
   * @param {Step} [pending] a change that is shown and not recorded yet
   * @returns {KeptDrawing} a copy of it all
   */
  keep(pending) {
    const { width, height } = this;
    const { past, future } = this.#history.steps(KEPT_HISTORY_BYTES);
    const now = this.#stepWith(this.all.map((layer) => patchOf(layer)));
    if (pending) return { width, height, now, past: [...past, pending], future: [] };
    return { width, height, now, past, future };
  }

  /** @param {KeptDrawing} kept that `keep` gave, of the same size */
  resume({ now, past, future }) {
    this.#history.resume({ past, future });
    this.#apply(now);
  }

  #blank() {
    return this.#context.createImageData(this.#sheet.width, this.#sheet.height);
  }

  /** @param {Pixels} image */
  #hasSize({ width, height }) {
    return width === this.#sheet.width && height === this.#sheet.height;
  }

  /** @param {readonly Layer[]} layers whose pixels a change replaces */
  #record(layers) {
    this.#history.record(this.#stepWith(layers.map((layer) => patchOf(layer))));
  }

  /**
   * @param {readonly LayerPatch[]} patches
   * @returns {Step}
   */
  #stepWith(patches) {
    return stepTo(this.#order, patches);
  }

  /** @param {Step | undefined} step */
  #apply(step) {
    if (!step) return false;
    const { order, box } = applyStep(this.#order, step, () => this.#blank());
    if (box) {
      this.#order = order;
      this.show(box);
    } else {
      this.#arrange(order);
    }
    return true;
  }

  /**
   * Shows all anew, once the layers are others, or others of them are shown.
   *
   * @param {Order} order from now on
   */
  #arrange(order) {
    this.#order = order;
    const [first, ...others] = order.layers;
    const isPlain = others.length === 0 && first.isVisible && first.opacity === 1;
    if (isPlain) this.#flat = first.image;
    else if (this.all.some(({ image }) => image === this.#flat) || !this.#hasSize(this.#flat)) {
      this.#flat = this.#blank();
    }
    this.show(this.whole);
  }
}
