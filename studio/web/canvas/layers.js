/**
 * The drawing: layers of RGBA pixels, which one `<canvas>` shows flattened, and what can be undone.
 *
 * It is worked on at a multiple of the size that is sent, at least 1,024 pixels on the longer side, so that
 * strokes are smooth on the screen. All places are in pixels of this working size. What is sent is
 * `encode()`: the layers that are shown, flattened.
 *
 * @import { Box, Patch, Pixels } from './pixels.js'
 * @import { Point } from './tools.js'
 * @typedef {{ id: number, isVisible: boolean, isLocked: boolean, opacity: number }} LayerState
 *   `opacity` 0 to 1
 * @typedef {LayerState & { image: ImageData }} Layer
 * @typedef {{ layer: number, patch: Patch }} LayerPatch a layer's id, and pixels of it
 * @typedef {object} Step what a change replaced
 * @property {readonly LayerState[]} layers all of them, from the lowest
 * @property {number} active id of the layer that is drawn on
 * @property {readonly LayerPatch[]} patches
 * @typedef {object} KeptDrawing what is kept of a drawing
 * @property {number} width of the base image
 * @property {number} height of the base image
 * @property {Step} now with the pixels of every layer
 * @property {Step[]} past
 * @property {Step[]} future
 */
import { flatten, layOver } from './blend.js';
import { History } from './history.js';
import { toPng } from './images.js';
import { isBlank, packPixels, shrink, union, unpackPixels, wholeOf } from './pixels.js';
import { resample } from './resample.js';
import { formatColor } from './tools.js';

export const MAX_LAYERS = 8;
const WORKING_SIZE = 1024;
const HISTORY_BYTES = 64 * 2 ** 20;
const KEPT_HISTORY_BYTES = 8 * 2 ** 20;
const NEW_LAYER = { isVisible: true, isLocked: false, opacity: 1 };

/** @param {Step} step */
const sizeOf = ({ patches }) => patches.reduce((sum, { patch }) => sum + patch.runs.byteLength, 0);

/** @param {Layer} layer */
const stateOf = ({ id, isVisible, isLocked, opacity }) => ({ id, isVisible, isLocked, opacity });

export class LayerStack {
  #sheet;
  #context;
  #scale = 1;
  /** @type {Layer[]} from the lowest */
  #layers;
  #active = 1;
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
    const first = { id: 1, ...NEW_LAYER, image: this.#blank() };
    this.#layers = [first];
    this.#flat = first.image;
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
    return this.#layers;
  }

  /** The layer that is drawn on. */
  get active() {
    return this.#layers.find(({ id }) => id === this.#active) ?? this.#layers[0];
  }

  get canUndo() {
    return this.#history.canUndo;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  /** Whether there is one layer, and nothing on it. */
  get isBare() {
    return this.#layers.length === 1 && isBlank(this.#layers[0].image);
  }

  /** Whether what is sent is fully transparent: nothing is drawn, or nothing of it is shown. */
  isEmpty() {
    return isBlank(this.#flat);
  }

  /** Whether the layer below the active one can take it in. */
  get canMerge() {
    const at = this.#layers.indexOf(this.active);
    const pair = at > 0 ? [this.#layers[at - 1], this.#layers[at]] : [];
    return at > 0 && pair.every(({ isVisible, isLocked }) => isVisible && !isLocked);
  }

  /** @returns {string} the drawing at the size of the base image, as a data: URL of a PNG */
  encode() {
    return toPng(shrink(this.#flat, this.#scale));
  }

  /** @returns {boolean} whether there was anything to undo */
  undo() {
    return this.#apply(this.#history.undo((step) => this.#inverse(step)));
  }

  /** @returns {boolean} whether there was anything to redo */
  redo() {
    return this.#apply(this.#history.redo((step) => this.#inverse(step)));
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
    return this.#stepWith([{ layer: this.#active, patch: packPixels(before, box) }]);
  }

  /**
   * Shows what was changed of a layer.
   *
   * @param {Box} box
   */
  show(box) {
    if (this.#flat !== this.#layers[0].image) flatten(this.#flat, this.#layers, box);
    const { left, top, width, height } = box;
    this.#context.putImageData(this.#flat, 0, 0, left, top, width, height);
  }

  /** @param {number} id of the layer to draw on from now on */
  activate(id) {
    if (this.#layers.some((layer) => layer.id === id)) this.#active = id;
  }

  /** A new layer above the active one, which is drawn on from now on. */
  add() {
    if (this.#layers.length >= MAX_LAYERS) return;
    this.#record([]);
    const at = this.#layers.indexOf(this.active) + 1;
    const id = Math.max(...this.#layers.map((layer) => layer.id)) + 1;
    this.#layers = this.#layers.toSpliced(at, 0, { id, ...NEW_LAYER, image: this.#blank() });
    this.#active = id;
    this.#showAll();
  }

  /** The active layer goes; the last one stays. */
  remove() {
    if (this.#layers.length === 1) return;
    const { active } = this;
    const at = this.#layers.indexOf(active);
    this.#record([active]);
    this.#layers = this.#layers.toSpliced(at, 1);
    this.#active = this.#layers[Math.max(0, at - 1)].id;
    this.#showAll();
  }

  /** The active layer becomes part of the one below it, as it is seen. */
  mergeDown() {
    if (!this.canMerge) return;
    const at = this.#layers.indexOf(this.active);
    const pair = this.#layers.slice(at - 1, at + 1);
    this.#record(pair);
    const image = this.#blank();
    flatten(image, pair, this.whole);
    this.#layers = this.#layers.toSpliced(at - 1, 2, { ...pair[0], opacity: 1, image });
    this.#active = pair[0].id;
    this.#showAll();
  }

  /** @param {1 | -1} by up or down */
  move(by) {
    const at = this.#layers.indexOf(this.active);
    if (!this.#layers[at + by]) return;
    this.#record([]);
    const moved = this.#layers.toSpliced(at, 1);
    this.#layers = moved.toSpliced(at + by, 0, this.active);
    this.#showAll();
  }

  /**
   * @param {number} id
   * @param {'isVisible' | 'isLocked'} what
   */
  toggle(id, what) {
    this.#record([]);
    this.#change(id, (layer) => ({ [what]: !layer[what] }));
  }

  /**
   * @param {number} opacity of the active layer, 0 to 1
   * @param {boolean} isLast whether the hand has let go: all of it is one step
   */
  fade(opacity, isLast) {
    this.#beforeFade ??= this.#stepWith([]);
    this.#change(this.#active, () => ({ opacity }));
    if (!isLast) return;
    this.#history.record(this.#beforeFade);
    this.#beforeFade = null;
  }

  /** Nothing is drawn any more, and there is one layer. */
  clear() {
    this.#record(this.#layers);
    this.#reset(this.#blank());
  }

  /**
   * An image replaces the drawing. One of the size that is sent keeps its pixels exactly.
   *
   * @param {HTMLImageElement} image
   * @param {boolean} fit keep its proportions, as large as fits, in the middle; else stretch it
   */
  replace(image, fit) {
    this.#record(this.#layers);
    const { width, height } = this.#sheet;
    const share = Math.min(width / image.width, height / image.height);
    const [across, down] = fit ? [image.width * share, image.height * share] : [width, height];
    const context = this.#context;
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = image.width !== this.width || image.height !== this.height;
    context.imageSmoothingQuality = 'high';
    context.drawImage(image, (width - across) / 2, (height - down) / 2, across, down);
    this.#reset(context.getImageData(0, 0, width, height));
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
    this.#layers = this.#layers.map((layer) => ({ ...layer, image: this.#fitted(layer.image) }));
    this.#history.clear();
    this.#beforeFade = null;
    this.#showAll();
  }

  /**
   * @param {Step} [pending] a change that is shown and not recorded yet
   * @returns {KeptDrawing} a copy of it all
   */
  keep(pending) {
    const { width, height } = this;
    const { past, future } = this.#history.steps(KEPT_HISTORY_BYTES);
    const now = this.#stepWith(this.#layers.map((layer) => this.#patchOf(layer)));
    if (pending) return { width, height, now, past: [...past, pending], future: [] };
    return { width, height, now, past, future };
  }

  /** @param {KeptDrawing} kept that `keep` gave, of the same size */
  resume({ now, past, future }) {
    this.#history.resume({ past, future });
    this.#apply(now);
  }

  /**
   * The color one sees at a point: the drawing's, or that of `backdrop` where nothing is drawn.
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

  #blank() {
    return this.#context.createImageData(this.#sheet.width, this.#sheet.height);
  }

  /** @param {Pixels} image */
  #hasSize({ width, height }) {
    return width === this.#sheet.width && height === this.#sheet.height;
  }

  /** @param {ImageData} image of the only layer from now on */
  #reset(image) {
    this.#layers = [{ id: 1, ...NEW_LAYER, image }];
    this.#active = 1;
    this.#showAll();
  }

  /** @param {Pixels} image */
  #fitted(image) {
    if (isBlank(image)) return this.#blank();
    const { width, height } = this.#sheet;
    const share = Math.min(width / image.width, height / image.height);
    const across = Math.max(1, Math.round(image.width * share));
    const down = Math.max(1, Math.round(image.height * share));
    const fitted = this.#blank();
    const [left, top] = [Math.floor((width - across) / 2), Math.floor((height - down) / 2)];
    layOver(fitted, resample(image, across, down), this.whole, { left, top });
    return fitted;
  }

  /**
   * @param {number} id
   * @param {(layer: Layer) => Partial<LayerState>} change
   */
  #change(id, change) {
    this.#layers = this.#layers.map((layer) =>
      layer.id === id ? { ...layer, ...change(layer) } : layer,
    );
    this.#showAll();
  }

  /** @param {readonly Layer[]} layers whose pixels a change replaces */
  #record(layers) {
    this.#history.record(this.#stepWith(layers.map((layer) => this.#patchOf(layer))));
  }

  /**
   * @param {readonly LayerPatch[]} patches
   * @returns {Step}
   */
  #stepWith(patches) {
    return { layers: this.#layers.map(stateOf), active: this.#active, patches };
  }

  /** @param {Layer} layer */
  #patchOf({ id, image }, box = this.whole) {
    return { layer: id, patch: packPixels(image, box) };
  }

  /**
   * @param {Step} step
   * @returns {Step} what brings back what `step` replaces
   */
  #inverse(step) {
    const here = new Map(this.#layers.map((layer) => [layer.id, layer]));
    const stays = new Set(step.layers.map(({ id }) => id));
    const changed = step.patches.flatMap(({ layer: id, patch }) => {
      const layer = here.get(id);
      return layer ? [this.#patchOf(layer, patch)] : [];
    });
    const gone = this.#layers.filter(({ id }) => !stays.has(id));
    return this.#stepWith([...changed, ...gone.map((layer) => this.#patchOf(layer))]);
  }

  /** @param {Step | undefined} step */
  #apply(step) {
    if (!step) return false;
    const before = JSON.stringify(this.#layers.map(stateOf));
    const images = new Map(this.#layers.map(({ id, image }) => [id, image]));
    this.#layers = step.layers.map((state) => ({
      ...state,
      image: images.get(state.id) ?? this.#blank(),
    }));
    this.#active = step.active;
    /** @type {Box | null} */
    let box = null;
    for (const { layer: id, patch } of step.patches) {
      const layer = this.#layers.find((each) => each.id === id);
      if (layer) unpackPixels(layer.image, patch);
      box = union(box, patch);
    }
    if (JSON.stringify(step.layers) !== before) this.#showAll();
    else if (box) this.show(box);
    return true;
  }

  /** Shows all anew, once the layers are others, or others of them are shown. */
  #showAll() {
    const [first, ...others] = this.#layers;
    const isPlain = others.length === 0 && first.isVisible && first.opacity === 1;
    if (isPlain) this.#flat = first.image;
    else if (this.#layers.some(({ image }) => image === this.#flat) || !this.#hasSize(this.#flat)) {
      this.#flat = this.#blank();
    }
    this.show(this.whole);
  }
}
