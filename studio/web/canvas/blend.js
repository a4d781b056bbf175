/**
 * Pixels over pixels. What is covered wholly has the upper color exactly, and where nothing lies below the
 * upper color stays as it is: only the edge between two colors mixes them.
 *
 * @import { Box, Pixels } from './pixels.js'
 * @typedef {{ image: Pixels, isVisible: boolean, opacity: number }} Sheet one layer; `opacity` 0 to 1
 */
import { clipBox, copyPixels, isBlank, toWords, wholeOf } from './pixels.js';
import { resample } from './resample.js';

/**
 * Lays one picture over another.
 *
 * @param {Pixels} target is changed
 * @param {Pixels} source
 * @param {Box} box of the target; elsewhere nothing changes
 * @param {{ opacity?: number, left?: number, top?: number }} [how] `left` and `top` are where the
 *   source's upper left corner lies in the target, whole pixels
 */
export function layOver(target, source, box, { opacity = 1, left = 0, top = 0 } = {}) {
  const placed = { left, top, width: source.width, height: source.height };
  const part = clipBox(clipBox(box, placed), wholeOf(target));
  if (!part || opacity === 0) return;
  const [over, under] = [source.data, target.data];
  const [words, covered] = [toWords(source), toWords(target)];
  for (let y = part.top; y < part.top + part.height; y++) {
    let from = 4 * ((y - top) * source.width + part.left - left);
    let to = 4 * (y * target.width + part.left);
    for (let end = from + 4 * part.width; from < end; from += 4, to += 4) {
      const alpha = over[from + 3] * opacity;
      if (alpha === 0) continue;
      if (alpha === 255) {
        covered[to >> 2] = words[from >> 2];
        continue;
      }
      const below = under[to + 3] * (1 - alpha / 255);
      const all = alpha + below;
      for (let i = 0; i < 3; i++) {
        under[to + i] = below
          ? Math.round((over[from + i] * alpha + under[to + i] * below) / all)
          : over[from + i];
      }
      under[to + 3] = Math.round(all);
    }
  }
}

/**
 * The layers that are shown, flattened.
 *
 * @param {Pixels} target is changed within the box; of the layers' size
 * @param {readonly Sheet[]} layers from the lowest
 * @param {Box} box
 */
export function flatten(target, layers, box) {
  const [lowest, ...others] = layers.filter(({ isVisible }) => isVisible);
  if (lowest?.opacity === 1) copyPixels(lowest.image, target, box);
  else clear(target, box);
  if (lowest && lowest.opacity < 1) layOver(target, lowest.image, box, { opacity: lowest.opacity });
  for (const { image, opacity } of others) layOver(target, image, box, { opacity });
}

/**
 * A mix of two colors of one pixel each, weighted by their alpha.
 *
 * @param {Uint8ClampedArray} target is changed; it holds the first
 * @param {Uint8ClampedArray} other holds the second
 * @param {number} at index in both
 * @param {number} share of the second, 0 to 1
 */
export function mixPixel(target, other, at, share) {
  const [mine, theirs] = [target[at + 3] * (1 - share), other[at + 3] * share];
  const alpha = mine + theirs;
  for (let i = 0; i < 3; i++) {
    target[at + i] = alpha
      ? Math.round((target[at + i] * mine + other[at + i] * theirs) / alpha)
      : 0;
  }
  target[at + 3] = Math.round(alpha);
}

/**
 * @param {Pixels} target is changed
 * @param {Box} box
 */
function clear({ width, data }, box) {
  for (let y = box.top; y < box.top + box.height; y++) {
    const at = 4 * (y * width + box.left);
    data.fill(0, at, at + 4 * box.width);
  }
}

/**
 * Lays a picture into a blank one, as large as fits, in the middle.
 *
 * @param {Pixels} target is changed
 * @param {Pixels} source
 */
export function layInto(target, source) {
  if (isBlank(source)) return;
  const { width, height } = target;
  const share = Math.min(width / source.width, height / source.height);
  const across = Math.max(1, Math.round(source.width * share));
  const down = Math.max(1, Math.round(source.height * share));
  const [left, top] = [Math.floor((width - across) / 2), Math.floor((height - down) / 2)];
  layOver(target, resample(source, across, down), wholeOf(target), { left, top });
}
