/**
 * The fill tool: floods an area, and mixes the color into the area's soft edges, so that no fringe of the
 * former color stays between it and its neighbors.
 *
 * @import { Box, Pixels } from './pixels.js'
 * @import { Point, Rgb } from './tools.js'
 * @typedef {[red: number, green: number, blue: number, alpha: number]} Rgba 0 to 255 each, the colors
 *   multiplied by alpha
 */

import { toWords } from './pixels.js';

/** How much the pixels of an area of one color may differ from one another, of 255. */
const TOLERANCE = 24;
/** Up to this alpha a pixel counts as not drawn: control maps see what is above. */
const DRAWN = 127;
/** How far an edge between two colors reaches, in pixels. */
const EDGE = 3;
const [INSIDE, SOFT] = [1, 2];

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
  #from;
  #marks;
  #words;
  /** The color of the start, as a word. */
  #word;
  #isUnder;
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
    this.#from = this.#pixel(start);
    this.#marks = new Uint8Array(image.width * image.height);
    this.#words = toWords(image);
    this.#word = this.#words[start];
    /** Where nothing is drawn the color is laid under what is there; elsewhere it takes its place. */
    this.#isUnder = this.#from[3] === 0;
  }

  run() {
    const [red, green, blue] = this.#color;
    const { data } = this.#image;
    const start = data.subarray(4 * this.#start, 4 * this.#start + 4);
    if (String(start) === String([red, green, blue, 255])) return null;
    this.#flood();
    // All are computed before one is written: each looks at its neighbors.
    const soft = this.#softEdge().map((at) => ({ at, rgba: this.#mixed(at) }));
    this.#paintInside();
    for (const { at, rgba } of soft) if (rgba) this.#write(at, rgba);
    return this.#box;
  }

  /** Marks the area, row by row. */
  #flood() {
    const { width, height } = this.#image;
    const open = [this.#start];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (!this.#isInside(at)) continue;
      const row = at - (at % width);
      let [left, right] = [at, at];
      while (left > row && this.#isInside(left - 1)) left--;
      while (right < row + width - 1 && this.#isInside(right + 1)) right++;
      this.#marks.fill(INSIDE, left, right + 1);
      if (row > 0) this.#openSpans(left - width, right - width, open);
      if (row < width * (height - 1)) this.#openSpans(left + width, right + width, open);
    }
  }

  /**
   * @param {number} left
   * @param {number} right
   * @param {number[]} open gets one pixel of each span inside
   */
  #openSpans(left, right, open) {
    let wasInside = false;
    for (let at = left; at <= right; at++) {
      const isInside = this.#isInside(at);
      if (isInside && !wasInside) open.push(at);
      wasInside = isInside;
    }
  }

  /** @param {number} at */
  #isInside(at) {
    if (this.#marks[at]) return false;
    if (this.#words[at] === this.#word) return true;
    return this.#distance(at) <= (this.#isUnder ? DRAWN : TOLERANCE);
  }

  /**
   * The pixels from the area's rim outwards, as long as they differ more and more from the area.
   *
   * @returns {number[]}
   */
  #softEdge() {
    const { width, height } = this.#image;
    const found = [];
    let rim = this.#rim();
    for (let depth = 0; rim.length && (this.#isUnder || depth < EDGE); depth++) {
      /** @type {number[]} */
      const next = [];
      for (const at of rim) {
        const distance = this.#distance(at);
        for (const near of neighbors(at, width, height)) {
          if (this.#marks[near] || this.#distance(near) <= distance) continue;
          this.#marks[near] = SOFT;
          next.push(near);
        }
      }
      found.push(...next);
      rim = next;
    }
    return found;
  }

  /** @returns {number[]} the pixels of the area that touch others */
  #rim() {
    const { width, height } = this.#image;
    const marks = this.#marks;
    const found = [];
    for (let at = 0; at < width * height; at++) {
      if (!marks[at]) continue;
      const isRim = !marks[at - 1] || !marks[at + 1] || !marks[at - width] || !marks[at + width];
      if (isRim) found.push(at);
    }
    return found;
  }

  /**
   * A soft pixel with the new color in place of the share that the area's former color has in it.
   *
   * @param {number} at
   * @returns {Rgba | null} null where it has no share
   */
  #mixed(at) {
    const pixel = this.#pixel(at);
    const share = this.#isUnder ? 1 - pixel[3] / 255 : this.#share(pixel, at);
    if (share === 0) return null;
    const to = [...this.#color, 255];
    const mixed = pixel.map((value, i) => value + share * (to[i] - this.#from[i]));
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
    let [other, farthest] = [pixel, this.#distance(at)];
    for (let row = Math.max(0, y - 2); row <= Math.min(height - 1, y + 2); row++) {
      for (let column = Math.max(0, x - 2); column <= Math.min(width - 1, x + 2); column++) {
        const near = row * width + column;
        const distance = this.#distance(near);
        if (distance > farthest) [other, farthest] = [this.#pixel(near), distance];
      }
    }
    let [along, length] = [0, 0];
    for (let i = 0; i < 4; i++) {
      along += (pixel[i] - other[i]) * (this.#from[i] - other[i]);
      length += (this.#from[i] - other[i]) ** 2;
    }
    return length ? Math.min(1, Math.max(0, along / length)) : 0;
  }

  #paintInside() {
    const { width, height } = this.#image;
    const [marks, words, from] = [this.#marks, this.#words, this.#word];
    const [to] = new Int32Array(new Uint8Array([...this.#color, 255]).buffer);
    for (let y = 0; y < height; y++) {
      let [first, last] = [-1, -1];
      for (let at = y * width; at < (y + 1) * width; at++) {
        if (marks[at] !== INSIDE) continue;
        if (first < 0) first = at % width;
        last = at % width;
        const mixed = this.#isUnder && words[at] !== from ? this.#mixed(at) : null;
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

  /**
   * @param {number} at
   * @returns {Rgba}
   */
  #pixel(at) {
    const { data } = this.#image;
    const alpha = data[4 * at + 3];
    const share = alpha / 255;
    return [data[4 * at] * share, data[4 * at + 1] * share, data[4 * at + 2] * share, alpha];
  }

  /** @param {number} at */
  #distance(at) {
    if (this.#words[at] === this.#word) return 0;
    const { data } = this.#image;
    const alpha = data[4 * at + 3];
    let most = Math.abs(alpha - this.#from[3]);
    for (let i = 0; i < 3; i++) {
      most = Math.max(most, Math.abs((data[4 * at + i] * alpha) / 255 - this.#from[i]));
    }
    return most;
  }
}

/**
 * @param {number} at
 * @param {number} width
 * @param {number} height
 */
function neighbors(at, width, height) {
  const column = at % width;
  return [
    ...(column > 0 ? [at - 1] : []),
    ...(column < width - 1 ? [at + 1] : []),
    ...(at >= width ? [at - width] : []),
    ...(at < width * (height - 1) ? [at + width] : []),
  ];
}
