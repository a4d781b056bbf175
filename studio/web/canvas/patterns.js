/**
 * Patterns that an area is filled with: the brush's color on some pixels, what was there on the others.
 *
 * @import { Box, Pixels } from './pixels.js'
 * @typedef {'solid' | 'dots' | 'stripes' | 'diagonals' | 'checks' | 'plaid' | 'waves'} PatternId
 * @typedef {{ id: PatternId, text: string }} Pattern `text` is its name's id
 */
import { mixPixel } from './blend.js';
import { copyPixels } from './pixels.js';

/** The side of what is repeated, in units of which the longer side of the canvas has 256. */
const TILE = 12;

/** @type {readonly Pattern[]} */
export const PATTERNS = [
  { id: 'solid', text: 'studio.canvas_pattern_solid' },
  { id: 'dots', text: 'studio.canvas_pattern_dots' },
  { id: 'stripes', text: 'studio.canvas_pattern_stripes' },
  { id: 'diagonals', text: 'studio.canvas_pattern_diagonals' },
  { id: 'checks', text: 'studio.canvas_pattern_checks' },
  { id: 'plaid', text: 'studio.canvas_pattern_plaid' },
  { id: 'waves', text: 'studio.canvas_pattern_waves' },
];

/**
 * How far inside the colored part a place is, as a share of the tile; negative outside.
 *
 * @type {Readonly<Record<PatternId, (x: number, y: number) => number>>} places in tiles
 */
const DEPTHS = {
  solid: () => 1,
  dots: (x, y) => 0.3 - Math.hypot(fromMiddle(x), fromMiddle(y)),
  stripes: (_, y) => 0.25 - Math.abs(fromMiddle(y)),
  diagonals: (x, y) => (0.25 - Math.abs(fromMiddle(x + y))) * Math.SQRT1_2,
  checks: (x, y) => checkered(half(x), half(y)),
  plaid: (x, y) => 0.14 - Math.min(Math.abs(fromMiddle(x)), Math.abs(fromMiddle(y))),
  waves: (x, y) => 0.2 - Math.abs(fromMiddle(y + 0.2 * Math.sin(2 * Math.PI * x))),
};

/**
 * Takes the color back where the pattern has none.
 *
 * @param {Pixels} image is filled with one color; is changed
 * @param {Pixels} before as it was before it was filled; of the same size
 * @param {Box} box that was filled
 * @param {PatternId} pattern
 * @param {number} unit pixels of one of the 256 units of the longer side
 */
export function thinOut(image, before, box, pattern, unit) {
  if (pattern === 'solid') return;
  const [depth, tile] = [DEPTHS[pattern], TILE * unit];
  for (let y = box.top; y < box.top + box.height; y++) {
    for (let x = box.left; x < box.left + box.width; x++) {
      const inside = depth((x + 0.5) / tile, (y + 0.5) / tile) * tile + 0.5;
      if (inside >= 1) continue;
      if (inside <= 0) copyPixels(before, image, { left: x, top: y, width: 1, height: 1 });
      else mixPixel(image.data, before.data, 4 * (y * image.width + x), 1 - inside);
    }
  }
}

/** @param {number} place in tiles */
function fromMiddle(place) {
  return place - Math.floor(place) - 0.5;
}

/**
 * @param {number} place in tiles
 * @returns {number} how far it is inside the first half of its tile; negative in the second half
 */
function half(place) {
  const share = place - Math.floor(place);
  return share < 0.5 ? Math.min(share, 0.5 - share) : -Math.min(share - 0.5, 1 - share);
}

/**
 * @param {number} across
 * @param {number} down
 */
function checkered(across, down) {
  return Math.sign(across * down) * Math.min(Math.abs(across), Math.abs(down));
}
