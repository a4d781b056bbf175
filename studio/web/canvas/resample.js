/**
 * Pixels at another size, without new colors: each pixel has the color that covers most of it, and the mean
 * alpha. Edges are soft by alpha alone, and a palette's colors stay exact.
 *
 * @import { Pixels } from './pixels.js'
 * @typedef {{ first: number, weights: number[] }} Span the source's pixels that one pixel covers, and the
 *   share of each: 1 together
 */
import { toWords } from './pixels.js';

/** How many colors of one pixel are told apart; the others count for its alpha alone. */
const COLORS = 16;

/**
 * @param {Pixels} image
 * @param {number} width 1 or more
 * @param {number} height 1 or more
 * @returns {Pixels} a copy
 */
export function resample(image, width, height) {
  const result = { width, height, data: new Uint8ClampedArray(4 * width * height) };
  const [from, to] = [toWords(image), toWords(result)];
  if (width === image.width && height === image.height) {
    to.set(from);
    return result;
  }
  const [columns, rows] = [spans(image.width, width), spans(image.height, height)];
  const room = { colors: new Int32Array(COLORS), shares: new Float64Array(COLORS) };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const word = uniform(from, image.width, columns[x], rows[y]);
      if (word === null) mix(image, columns[x], rows[y], room, result.data, 4 * at);
      else to[at] = word;
    }
  }
  return result;
}

/**
 * @param {number} from size of the source
 * @param {number} to size of the result
 * @returns {Span[]} for each pixel of the result
 */
function spans(from, to) {
  const step = from / to;
  const reach = Math.max(1, step) / 2;
  return Array.from({ length: to }, (_, i) => {
    const [start, end] = [(i + 0.5) * step - reach, (i + 0.5) * step + reach];
    const first = Math.max(0, Math.floor(start + 1e-9));
    const last = Math.min(from, Math.ceil(end - 1e-9));
    const weights = Array.from({ length: last - first }, (_, k) => {
      const covered = Math.min(end, first + k + 1) - Math.max(start, first + k);
      return covered / (Math.min(end, from) - Math.max(start, 0));
    });
    return { first, weights };
  });
}

/**
 * @param {Int32Array} words
 * @param {number} stride
 * @param {Span} column
 * @param {Span} row
 * @returns {number | null} the one color of all that is covered
 */
function uniform(words, stride, column, row) {
  const word = words[row.first * stride + column.first];
  for (let y = 0; y < row.weights.length; y++) {
    const at = (row.first + y) * stride + column.first;
    for (let x = 0; x < column.weights.length; x++) if (words[at + x] !== word) return null;
  }
  return word;
}

/**
 * @param {Pixels} image
 * @param {Span} column
 * @param {Span} row
 * @param {{ colors: Int32Array, shares: Float64Array }} room to count in
 * @param {Uint8ClampedArray} target
 * @param {number} to index in `target`
 */
function mix({ width, data }, column, row, { colors, shares }, target, to) {
  let [count, alpha, best] = [0, 0, 0];
  for (let y = 0; y < row.weights.length; y++) {
    for (let x = 0; x < column.weights.length; x++) {
      const at = 4 * ((row.first + y) * width + column.first + x);
      const share = data[at + 3] * row.weights[y] * column.weights[x];
      if (share === 0) continue;
      alpha += share;
      const color = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
      let i = 0;
      while (i < count && colors[i] !== color) i++;
      if (i === COLORS) continue;
      if (i === count) [colors[count], shares[count++]] = [color, 0];
      shares[i] += share;
      if (shares[i] > shares[best]) best = i;
    }
  }
  const rounded = Math.round(alpha);
  if (rounded === 0) return;
  target[to] = colors[best] >> 16;
  target[to + 1] = (colors[best] >> 8) & 255;
  target[to + 2] = colors[best] & 255;
  target[to + 3] = rounded;
}
