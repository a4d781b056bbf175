/**
 * What floats over the active layer until it is committed: pixels that a lasso cut out, or a sticker. It is
 * moved and scaled from its source each time, so that nothing is lost on the way; all of it is one step of
 * undo.
 *
 * @import { Floating } from './floating.js'
 * @import { Step } from './layer-order.js'
 * @import { LayerStack } from './layers.js'
 * @import { PatternId } from './patterns.js'
 * @import { Box } from './pixels.js'
 * @import { Sticker } from './stickers.js'
 * @import { Point } from './tools.js'
 */
import { layOver } from './blend.js';
import { drawnAt, fillMasked, lassoed } from './floating.js';
import { clipBox, cloneOf, copyPixels, union } from './pixels.js';
import { resample } from './resample.js';
import { drawSticker } from './stickers.js';
import { parseColor } from './tools.js';

/** Of a side, as a share of the canvas's. */
const LARGEST = 2;
/** Of a sticker, as a share of the canvas's shorter side. */
const STICKER_SHARE = 0.3;
/** How far a copy lies from what was copied, in units of which the longer side has 256. */
const COPY_OFFSET = 10;

export class Selection {
  #layers;
  #onChange;
  /** @type {Floating | null} */
  #floating = null;

  /**
   * @param {LayerStack} layers
   * @param {() => void} onChange is called when it is another one, or lies elsewhere
   */
  constructor(layers, onChange) {
    this.#layers = layers;
    this.#onChange = onChange;
  }

  /** Where it lies, in pixels of the layer; null while there is none. */
  get box() {
    return this.#floating?.box ?? null;
  }

  /** Whether a lasso made it, so that it can be filled. */
  get canFill() {
    return Boolean(this.#floating?.mask);
  }

  /** Whether the layer differs from what it was. */
  get isChanged() {
    return this.#floating?.isChanged ?? false;
  }

  /** @returns {Step | undefined} what undoes it, before it is committed */
  get pending() {
    const floating = this.#floating;
    if (!floating?.isChanged) return undefined;
    return this.#layers.step(floating.before, floating.touched);
  }

  /**
   * Cuts out what a closed line surrounds.
   *
   * @param {readonly Point[]} points
   * @returns {boolean} whether it surrounds any pixel
   */
  lasso(points) {
    this.commit();
    const floating = lassoed(this.#layers.active.image, points);
    if (!floating) return false;
    this.#float(floating);
    return true;
  }

  /**
   * Lays a sticker in the middle of the canvas.
   *
   * @param {Sticker} sticker
   * @param {string} color as #rrggbb
   */
  place(sticker, color) {
    this.commit();
    const { width, height } = this.#layers.whole;
    const side = Math.round(Math.min(width, height) * STICKER_SHARE);
    const box = {
      left: Math.round((width - side) / 2),
      top: Math.round((height - side) / 2),
      ...{ width: side, height: side },
    };
    const before = cloneOf(this.#layers.active.image);
    const rgb = parseColor(color);
    const source = drawSticker(sticker, rgb, side, side);
    const shown = { shape: sticker, color: rgb };
    this.#float({ before, under: before, hole: null, source, mask: null, sticker: shown, box });
    this.#redraw(box);
  }

  /**
   * @param {string} color of a sticker, as #rrggbb
   * @returns {boolean} whether a sticker floats
   */
  recolor(color) {
    const floating = this.#floating;
    if (!floating?.sticker) return false;
    const { box, sticker } = floating;
    sticker.color = parseColor(color);
    floating.drawn = drawSticker(sticker.shape, sticker.color, box.width, box.height);
    this.#redraw(box);
    return true;
  }

  /**
   * Fills what the lasso selects.
   *
   * @param {string} color as #rrggbb
   * @param {PatternId} pattern
   */
  fill(color, pattern) {
    const floating = this.#floating;
    if (!floating?.mask) return;
    fillMasked(floating.source, floating.mask, color, pattern, this.#layers.brushUnit);
    const { source, box } = floating;
    floating.drawn = resample(source, box.width, box.height);
    this.#redraw(box);
  }

  /**
   * @param {number} dx in pixels of the layer
   * @param {number} dy in pixels of the layer
   */
  moveBy(dx, dy) {
    const { box } = this;
    if (box) this.#redraw({ ...box, left: box.left + dx, top: box.top + dy });
  }

  /**
   * Moves and scales it.
   *
   * @param {Box} box where it shall lie, in pixels of the layer; it is rounded
   */
  fit({ left, top, width, height }) {
    const limit = LARGEST * this.#layers.whole.width;
    const size = (/** @type {number} */ side) => Math.min(limit, Math.max(1, Math.round(side)));
    this.#redraw({
      ...{ left: Math.round(left), top: Math.round(top) },
      ...{ width: size(width), height: size(height) },
    });
  }

  /** Leaves it where it lies; a copy floats from now on. */
  duplicate() {
    const floating = this.#floating;
    if (!floating) return;
    this.commit();
    const offset = Math.round(COPY_OFFSET * this.#layers.brushUnit);
    const before = cloneOf(this.#layers.active.image);
    const { source, mask, sticker, box } = floating;
    this.#float({ before, under: before, hole: null, source: cloneOf(source), mask, sticker, box });
    this.moveBy(offset, offset);
  }

  /** @returns {boolean} whether the layer is another one without it */
  remove() {
    const floating = this.#floating;
    if (!floating) return false;
    this.#drawUnder(floating, floating.touched);
    const { before, hole, touched } = floating;
    if (hole) this.#layers.record(before, hole);
    this.#end(touched);
    return Boolean(hole) || floating.isChanged;
  }

  /** @returns {boolean} whether that changed the layer */
  commit() {
    const floating = this.#floating;
    if (!floating) return false;
    if (floating.isChanged) this.#layers.record(floating.before, floating.touched);
    this.#end(null);
    return floating.isChanged;
  }

  /** @returns {boolean} whether the layer is as it was before again */
  cancel() {
    const floating = this.#floating;
    if (!floating) return false;
    copyPixels(floating.before, this.#layers.active.image, floating.touched);
    this.#end(floating.touched);
    return floating.isChanged;
  }

  /** @param {Omit<Floating, 'drawn' | 'touched' | 'isChanged'>} floating */
  #float(floating) {
    const touched = clipBox(floating.box, this.#layers.whole) ?? this.#layers.whole;
    this.#floating = { ...floating, drawn: floating.source, touched, isChanged: false };
    this.#onChange();
  }

  /** @param {Box | null} box whose pixels changed */
  #end(box) {
    this.#floating = null;
    if (box) this.#layers.show(box);
    this.#onChange();
  }

  /**
   * @param {Floating} floating
   * @param {Box} box
   */
  #drawUnder({ under }, box) {
    copyPixels(under, this.#layers.active.image, box);
  }

  /** @param {Box} box where it lies from now on */
  #redraw(box) {
    const floating = this.#floating;
    if (!floating) return;
    const { whole, active } = this.#layers;
    const [last, next] = [clipBox(floating.box, whole), clipBox(box, whole)];
    if (last) this.#drawUnder(floating, last);
    floating.box = box;
    const { left, top, width, height } = box;
    if (floating.drawn.width !== width || floating.drawn.height !== height) {
      floating.drawn = drawnAt(floating, width, height);
    }
    if (next) layOver(active.image, floating.drawn, next, { left, top });
    const shown = union(last, next);
    floating.touched = union(floating.touched, shown) ?? floating.touched;
    floating.isChanged = true;
    if (shown) this.#layers.show(shown);
    this.#onChange();
  }
}
