/**
 * Pixels that float over a layer: what a lasso cut out, or a sticker.
 *
 * @import { PatternId } from './patterns.js'
 * @import { Box, Pixels } from './pixels.js'
 * @import { Sticker } from './stickers.js'
 * @import { Point, Rgb } from './tools.js'
 * @typedef {object} Floating
 * @property {Pixels} before the layer as it was
 * @property {Pixels} under the layer without what floats
 * @property {Box | null} hole where that was cut out
 * @property {Pixels} source
 * @property {Uint8Array | null} mask what a lasso selects of the source, 0 or 255 for each pixel
 * @property {{ shape: Sticker, color: Rgb } | null} sticker is drawn anew at each size
 * @property {Pixels} drawn the source at the size of the box
 * @property {Box} box where it lies; it may reach over the layer's edge
 * @property {Box} touched where the layer may differ from `before`
 * @property {boolean} isChanged
 */
import { thinOut } from './patterns.js';
import { blankPixels, clipBox, cloneOf, toWords, wholeOf } from './pixels.js';
import { coverage } from './polygon.js';
import { resample } from './resample.js';
import { drawSticker } from './stickers.js';
import { parseColor } from './tools.js';

/**
 * What a closed line surrounds, cut out of a layer. The layer itself is not changed.
 *
 * @param {Pixels} image
 * @param {readonly Point[]} points
 * @returns {Omit<Floating, 'drawn' | 'touched' | 'isChanged'> | null} null where the line surrounds no pixel
 */
export function lassoed(image, points) {
  const hole = clipBox(boundsOf(points), wholeOf(image));
  if (!hole) return null;
  const shifted = points.map(({ x, y }) => ({ x: x - hole.left, y: y - hole.top }));
  const mask = coverage([shifted], hole.width, hole.height, { isSoft: false });
  if (!mask.includes(255)) return null;
  const [before, under] = [cloneOf(image), cloneOf(image)];
  const source = cutOut(under, hole, mask);
  return { before, under, hole, source, mask, sticker: null, box: hole };
}

/**
 * Fills what the lasso selects.
 *
 * @param {Pixels} source is changed
 * @param {Uint8Array} mask of the source
 * @param {string} color as #rrggbb
 * @param {PatternId} pattern
 * @param {number} unit pixels of one unit of the pattern
 */
export function fillMasked(source, mask, color, pattern, unit) {
  const before = cloneOf(source);
  const rgb = parseColor(color);
  mask.forEach((isIn, at) => {
    if (isIn) source.data.set([...rgb, 255], 4 * at);
  });
  thinOut(source, before, wholeOf(source), pattern, unit);
}

/**
 * @param {Floating} floating
 * @param {number} width
 * @param {number} height
 */
export function drawnAt({ source, sticker }, width, height) {
  if (sticker) return drawSticker(sticker.shape, sticker.color, width, height);
  return resample(source, width, height);
}

/**
 * @param {readonly Point[]} points
 * @returns {Box}
 */
function boundsOf(points) {
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [left, top] = [Math.floor(Math.min(...xs)), Math.floor(Math.min(...ys))];
  return {
    left,
    top,
    width: Math.ceil(Math.max(...xs)) - left,
    height: Math.ceil(Math.max(...ys)) - top,
  };
}

/**
 * Takes the selected pixels of a part out of a picture.
 *
 * @param {Pixels} image is changed
 * @param {Box} box
 * @param {Uint8Array} mask of the box
 * @returns {Pixels} of the box's size
 */
function cutOut(image, { left, top, width, height }, mask) {
  const part = blankPixels(width, height);
  const [from, to] = [toWords(image), toWords(part)];
  for (let y = 0; y < height; y++) {
    const [row, start] = [y * width, (top + y) * image.width + left];
    for (let x = 0; x < width; x++) {
      if (!mask[row + x]) continue;
      to[row + x] = from[start + x];
      from[start + x] = 0;
    }
  }
  return part;
}
