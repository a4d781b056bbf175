/**
 * How much of each pixel closed lines cover: for what a lasso selects, and for stickers.
 *
 * @import { Point } from './tools.js'
 * @typedef {readonly (readonly Point[])[]} Contours closed lines; an inner one that runs the other way is a hole
 */

/** Lines per pixel, where edges are soft. */
const FINE = 4;

/**
 * @param {Contours} contours in pixels
 * @param {number} width
 * @param {number} height
 * @param {{ isSoft?: boolean }} [how] without soft edges a pixel counts by its centre
 * @returns {Uint8Array} for each pixel, 0 to 255
 */
export function coverage(contours, width, height, { isSoft = true } = {}) {
  const covered = new Uint8Array(width * height);
  const lines = isSoft ? FINE : 1;
  const row = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    row.fill(0);
    for (let line = 0; line < lines; line++) {
      for (const [start, end] of insideOf(contours, y + (line + 0.5) / lines)) {
        if (isSoft) addSoft(row, start, end);
        else addHard(row, start, end);
      }
    }
    for (let x = 0; x < width; x++) covered[y * width + x] = Math.round((255 * row[x]) / lines);
  }
  return covered;
}

/**
 * The parts of a horizontal line that are inside, by the nonzero rule.
 *
 * @param {Contours} contours
 * @param {number} y
 * @returns {[start: number, end: number][]}
 */
function insideOf(contours, y) {
  /** @type {[x: number, turn: number][]} */
  const crossings = [];
  for (const points of contours) {
    for (let i = 0; i < points.length; i++) {
      const [a, b] = [points[i], points[(i + 1) % points.length]];
      if (a.y <= y === b.y <= y) continue;
      crossings.push([a.x + ((y - a.y) * (b.x - a.x)) / (b.y - a.y), a.y <= y ? 1 : -1]);
    }
  }
  crossings.sort(([a], [b]) => a - b);
  /** @type {[number, number][]} */
  const found = [];
  let [turns, start] = [0, 0];
  for (const [x, turn] of crossings) {
    if (turns === 0) start = x;
    turns += turn;
    if (turns === 0) found.push([start, x]);
  }
  return found;
}

/**
 * @param {Float64Array} row
 * @param {number} start
 * @param {number} end
 */
function addSoft(row, start, end) {
  const [from, to] = [Math.max(0, start), Math.min(row.length, end)];
  for (let x = Math.floor(from); x < to; x++) {
    row[x] += Math.max(0, Math.min(to, x + 1) - Math.max(from, x));
  }
}

/**
 * @param {Float64Array} row
 * @param {number} start
 * @param {number} end
 */
function addHard(row, start, end) {
  const from = Math.max(0, Math.ceil(start - 0.5));
  row.fill(1, from, Math.max(from, Math.min(row.length, Math.ceil(end - 0.5))));
}
