/**
 * Smooths a stroke while it is drawn: the brush follows the pointer at a short distance, and its way is
 * made of curves through the middles between the points.
 *
 * @import { Dab } from './tools.js'
 * @typedef {[from: Dab, to: Dab]} Line
 */
import { between } from './tools.js';

/** The share of the way to the pointer that the brush goes at each of its moves. */
const FOLLOW = 0.55;
/** The longest part of a curve that is drawn straight, in pixels. */
const STEP = 4;

export class Stabiliser {
  #share;
  #point;
  #middle;

  /**
   * @param {Dab} start
   * @param {boolean} isSmooth whether the brush follows at a distance; curves there are always
   */
  constructor(start, isSmooth) {
    this.#share = isSmooth ? FOLLOW : 1;
    this.#point = this.#middle = start;
  }

  /**
   * @param {Dab} to where the pointer has come to
   * @returns {Line[]} what is to be drawn now
   */
  move(to) {
    const point = between(this.#point, to, this.#share);
    const middle = between(this.#point, point, 0.5);
    const lines = curve(this.#middle, this.#point, middle);
    this.#point = point;
    this.#middle = middle;
    return lines;
  }

  /**
   * @param {Dab} to where the pointer is lifted
   * @returns {Line[]} the rest
   */
  end(to) {
    const last = { ...to, r: this.#point.r, opacity: this.#point.opacity };
    const middle = between(this.#point, last, 0.5);
    return [...curve(this.#middle, this.#point, middle), [middle, last]];
  }
}

/**
 * A quadratic curve as straight parts.
 *
 * @param {Dab} from
 * @param {Dab} control
 * @param {Dab} to
 * @returns {Line[]}
 */
function curve(from, control, to) {
  const length =
    Math.hypot(control.x - from.x, control.y - from.y) +
    Math.hypot(to.x - control.x, to.y - control.y);
  const parts = Math.max(1, Math.ceil(length / STEP));
  const points = Array.from({ length: parts + 1 }, (_, i) => {
    const share = i / parts;
    return between(between(from, control, share), between(control, to, share), share);
  });
  return points.slice(1).map((point, i) => [points[i], point]);
}
