/**
 * The fill tool: floods an area, and mixes the color into the area's soft edges, so that no fringe of the
 * former color stays between it and its neighbors.
 *
 * @import { Rgba } from './fill-area.js'
 * @import { Box, Pixels } from './pixels.js'
 * @import { Point, Rgb } from './tools.js'
 */
import { FillArea } from './fill-area.js';
import { toWords } from './pixels.js';

/**
 * Fills the area around a point, over edges, not corners.
 *
 * @param {Pixels} image is changed
 * @param {Point} point
 * @param {Rgb} color
 * @returns {Box | null} where pixels changed; null where none did
 */
export function floodFill(image, point, color) {
  const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
  if (x < 0 || y < 0 || x >= image.width || y >= image.height) return null;
  const fill = new Fill(image, y * image.width + x, color);
  return fill.run();
}

class Fill {
  #image;
  #start;
  #color;
  #area;
  /** @type {Box | null} */
  #box = null;

  /**
   * @param {Pixels} image
   * @param {number} start index of a pixel
   * @param {Rgb} color
   */
  constructor(image, start, color) {
    this.#image = image;
    this.#start = start;
    this.#color = color;
    this.#area = new FillArea(image, start);
  }

  run() {
    const [red, green, blue] = this.#color;
    const { data } = this.#image;
    const start = data.subarray(4 * this.#start, 4 * this.#start + 4);
    if (String(start) === String([red, green, blue, 255])) return null;
    this.#area.flood();
    // All are computed before one is written: each looks at its neighbors.
    const soft = this.#area.softEdge().map((at) => ({ at, rgba: this.#mixed(at) }));
    this.#paintInside();
    for (const { at, rgba } of soft) if (rgba) this.#write(at, rgba);
    return this.#box;
  }

  /**
   * A soft pixel with the new color in place of the share that the area's former color has in it.
   *
   * @param {number} at
   * @returns {Rgba | null} null where it has no share
   */
  #mixed(at) {
    const pixel = this.#area.pixel(at);
    const share = this.#area.isUnder ? 1 - pixel[3] / 255 : this.#share(pixel, at);
    if (share === 0) return null;
    const to = [...this.#color, 255];
    const mixed = pixel.map((value, i) => value + share * (to[i] - this.#area.color[i]));
    return /** @type {Rgba} */ (mixed);
  }

  /**
   * The share of the area's color in a pixel between it and the farthest color nearby.
   *
   * @param {Rgba} pixel
   * @param {number} at
   */
  #share(pixel, at) {
    const { width, height } = this.#image;
    const [x, y] = [at % width, Math.floor(at / width)];
    let [other, farthest] = [pixel, this.#area.distance(at)];
    for (let row = Math.max(0, y - 2); row <= Math.min(height - 1, y + 2); row++) {
      for (let column = Math.max(0, x - 2); column <= Math.min(width - 1, x + 2); column++) {
        const near = row * width + column;
        const distance = this.#area.distance(near);
        if (distance > farthest) [other, farthest] = [this.#area.pixel(near), distance];
      }
    }
    let [along, length] = [0, 0];
    for (let i = 0; i < 4; i++) {
      along += (pixel[i] - other[i]) * (this.#area.color[i] - other[i]);
      length += (this.#area.color[i] - other[i]) ** 2;
    }
    return length ? Math.min(1, Math.max(0, along / length)) : 0;
  }

  #paintInside() {
    const { width, height } = this.#image;
    const [area, words] = [this.#area, toWords(this.#image)];
    const [to] = new Int32Array(new Uint8Array([...this.#color, 255]).buffer);
    for (let y = 0; y < height; y++) {
      let [first, last] = [-1, -1];
      for (let at = y * width; at < (y + 1) * width; at++) {
        if (!area.has(at)) continue;
        if (first < 0) first = at % width;
        last = at % width;
        const mixed = area.isUnder && !area.isPure(at) ? this.#mixed(at) : null;
        if (mixed) this.#write(at, mixed);
        else words[at] = to;
      }
      if (first >= 0) this.#grow(first, y, last - first + 1);
    }
  }

  /**
   * @param {number} at
   * @param {Rgba} rgba
   */
  #write(at, rgba) {
    const { width, data } = this.#image;
    const alpha = Math.round(rgba[3]);
    for (let i = 0; i < 3; i++) data[4 * at + i] = alpha ? (255 * rgba[i]) / rgba[3] : 0;
    data[4 * at + 3] = alpha;
    this.#grow(at % width, Math.floor(at / width), 1);
  }

  /**
   * @param {number} left
   * @param {number} top
   * @param {number} width
   */
  #grow(left, top, width) {
    const box = this.#box;
    if (!box) {
      this.#box = { left, top, width, height: 1 };
      return;
    }
    const right = Math.max(box.left + box.width, left + width);
    const bottom = Math.max(box.top + box.height, top + 1);
    box.left = Math.min(box.left, left);
    box.top = Math.min(box.top, top);
    box.width = right - box.left;
    box.height = bottom - box.top;
  }
}
