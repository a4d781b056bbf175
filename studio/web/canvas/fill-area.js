/**
 * The area that the fill tool fills, and its soft edges.
 *
 * @import { Pixels } from './pixels.js'
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

/** Pixels are named by their index. */
export class FillArea {
  /** The color of its start. @type {Rgba} */
  color;
  /** Whether nothing is drawn there: then the new color is laid under what is there. */
  isUnder;
  #image;
  #start;
  #marks;
  #words;
  /** The color of the start, as a word. */
  #word;

  /**
   * @param {Pixels} image
   * @param {number} start the pixel around which it lies
   */
  constructor(image, start) {
    this.#image = image;
    this.#start = start;
    this.#marks = new Uint8Array(image.width * image.height);
    this.#words = toWords(image);
    this.#word = this.#words[start];
    this.color = this.pixel(start);
    this.isUnder = this.color[3] === 0;
  }

  /** @param {number} at */
  has(at) {
    return this.#marks[at] === INSIDE;
  }

  /**
   * @param {number} at
   * @returns {boolean} whether its color is exactly that of the start
   */
  isPure(at) {
    return this.#words[at] === this.#word;
  }

  /** Finds the area, row by row, over edges, not corners. */
  flood() {
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
    if (this.isPure(at)) return true;
    return this.distance(at) <= (this.isUnder ? DRAWN : TOLERANCE);
  }

  /**
   * The pixels from the area's rim outwards, as long as they differ more and more from the area.
   *
   * @returns {number[]}
   */
  softEdge() {
    const { width, height } = this.#image;
    const found = [];
    let rim = this.#rim();
    for (let depth = 0; rim.length && (this.isUnder || depth < EDGE); depth++) {
      /** @type {number[]} */
      const next = [];
      for (const at of rim) {
        const distance = this.distance(at);
        for (const near of neighbors(at, width, height)) {
          if (this.#marks[near] || this.distance(near) <= distance) continue;
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
   * @param {number} at
   * @returns {Rgba}
   */
  pixel(at) {
    const { data } = this.#image;
    const alpha = data[4 * at + 3];
    const share = alpha / 255;
    return [data[4 * at] * share, data[4 * at + 1] * share, data[4 * at + 2] * share, alpha];
  }

  /**
   * How much a pixel differs from the start, 0 to 255.
   *
   * @param {number} at
   */
  distance(at) {
    if (this.isPure(at)) return 0;
    const { data } = this.#image;
    const alpha = data[4 * at + 3];
    let most = Math.abs(alpha - this.color[3]);
    for (let i = 0; i < 3; i++) {
      most = Math.max(most, Math.abs((data[4 * at + i] * alpha) / 255 - this.color[i]));
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
