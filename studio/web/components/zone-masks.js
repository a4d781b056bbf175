/**
 * The zones of a base image as a drawing of two colors, and back.
 *
 * @import { Pixels } from '../canvas/pixels.js'
 * @typedef {'clothes' | 'protected'} Zone
 * @typedef {Record<Zone, Pixels | null>} Masks white is in the zone; null: there is no such zone
 */
import { parseColor } from '../canvas/tools.js';

/** What each zone is painted with, as #rrggbb. */
export const ZONE_COLORS = Object.freeze({ clothes: '#3064d6', protected: '#d62830' });

const CHANNELS = 4;
/** Value from which a pixel counts, of 255. */
const HALF = 128;
const WHITE = [255, 255, 255];

/**
 * @param {Masks} masks of one size
 * @param {{ width: number, height: number }} size
 * @returns {Pixels} each zone in its color; what is in both is protected
 */
export function paintZones(masks, { width, height }) {
  const data = new Uint8ClampedArray(CHANNELS * width * height);
  for (const zone of /** @type {Zone[]} */ (['clothes', 'protected'])) {
    const mask = masks[zone]?.data;
    const color = parseColor(ZONE_COLORS[zone]);
    for (let at = 0; mask && at < data.length; at += CHANNELS) {
      if (mask[at] >= HALF) data.set([...color.slice(0, 3), 255], at);
    }
  }
  return { width, height, data };
}

/**
 * Reads a drawing: a pixel that is at least half covered is in the zone whose color is nearest, and in no other.
 *
 * @param {Pixels} drawing
 * @returns {Masks}
 */
export function readZones({ width, height, data }) {
  const [clothes, kept] = [ZONE_COLORS.clothes, ZONE_COLORS.protected].map(parseColor);
  /** @type {Masks} */
  const masks = { clothes: null, protected: null };
  for (let at = 0; at < data.length; at += CHANNELS) {
    if (data[at + CHANNELS - 1] < HALF) continue;
    const isClothes = distance(data, at, clothes) < distance(data, at, kept);
    const zone = isClothes ? 'clothes' : 'protected';
    masks[zone] ??= blank(width, height);
    masks[zone].data.set(WHITE, at);
  }
  return masks;
}

/**
 * @param {Uint8ClampedArray} data
 * @param {number} at
 * @param {readonly number[]} color
 */
function distance(data, at, color) {
  return [0, 1, 2].reduce((sum, channel) => sum + (data[at + channel] - color[channel]) ** 2, 0);
}

/**
 * @param {number} width
 * @param {number} height
 * @returns {Pixels} black
 */
function blank(width, height) {
  const data = new Uint8ClampedArray(CHANNELS * width * height);
  for (let at = CHANNELS - 1; at < data.length; at += CHANNELS) data[at] = 255;
  return { width, height, data };
}
