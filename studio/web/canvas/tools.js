/**
 * What the drawing tools do to pixels, without a document: colors, the geometry of shapes, and strokes.
 *
 * @import { Box, Pixels } from './pixels.js'
 * @typedef {[red: number, green: number, blue: number]} Rgb 0 to 255 each
 * @typedef {'brush' | 'eraser' | 'fill' | 'eyedropper' | 'line' | 'rectangle' | 'ellipse' | 'lasso' | 'hand'}
 *   Tool
 * @typedef {{ x: number, y: number }} Point in pixels of the layer; a pixel's centre is at .5
 * @typedef {Point & { r: number, opacity: number }} Dab a place, the radius of the brush there, in
 *   pixels, and how much it covers, 0 to 1
 * @typedef {{ tool: Tool, color: string, hardness: number, mirrored: boolean }} Brush
 *   `color` as #rrggbb; `hardness` is the share of the radius that is fully opaque, 0 to 1
 */

const OVAL_SEGMENTS = 96;
/** Of a brush, in pixels: a thinner one would leave gaps. */
const MIN_RADIUS = 0.5;

/**
 * @param {string} hex as #rrggbb
 * @returns {Rgb}
 */
export function parseColor(hex) {
  const n = Number.parseInt(hex.slice(1), 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}

/**
 * @param {Rgb} rgb
 * @returns {string} as #rrggbb
 */
export function formatColor(rgb) {
  return `#${rgb.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

/**
 * Where a shape ends while Shift is held: lines turn by 45 degrees, rectangles become
 * squares, ellipses circles.
 *
 * @param {Tool} tool
 * @param {Point} from
 * @param {Point} to
 * @returns {Point}
 */
export function constrain(tool, from, to) {
  const [width, height] = [to.x - from.x, to.y - from.y];
  if (tool === 'line') {
    const angle = (Math.round(Math.atan2(height, width) / (Math.PI / 4)) * Math.PI) / 4;
    const length = Math.hypot(width, height);
    return { x: from.x + length * Math.cos(angle), y: from.y + length * Math.sin(angle) };
  }
  const side = Math.max(Math.abs(width), Math.abs(height));
  return { x: from.x + side * Math.sign(width), y: from.y + side * Math.sign(height) };
}

/**
 * The points of a shape between two corners, to be joined by straight lines.
 *
 * @param {Tool} tool
 * @param {Point} a
 * @param {Point} b
 * @returns {Point[]}
 */
export function outline(tool, a, b) {
  if (tool === 'line') return [a, b];
  if (tool === 'rectangle') return [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }, a];
  const [x, y] = [(a.x + b.x) / 2, (a.y + b.y) / 2];
  const [rx, ry] = [Math.abs(b.x - a.x) / 2, Math.abs(b.y - a.y) / 2];
  return Array.from({ length: OVAL_SEGMENTS + 1 }, (_, i) => {
    const angle = (i / OVAL_SEGMENTS) * 2 * Math.PI;
    return { x: x + rx * Math.cos(angle), y: y + ry * Math.sin(angle) };
  });
}

/**
 * The pixels that a straight part of a stroke may touch.
 *
 * @param {Dab} from
 * @param {Dab} to
 * @param {number} width of the layer
 * @param {number} height of the layer
 * @returns {Box | null} null outside the layer
 */
export function lineBounds(from, to, width, height) {
  const reach = Math.max(MIN_RADIUS, from.r, to.r) + 0.5;
  const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - reach));
  const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - reach));
  const right = Math.min(width, Math.ceil(Math.max(from.x, to.x) + reach));
  const bottom = Math.min(height, Math.ceil(Math.max(from.y, to.y) + reach));
  if (right <= left || bottom <= top) return null;
  return { left, top, width: right - left, height: bottom - top };
}

/**
 * Parts of a straight line, no longer than a few radii: the box around a long oblique one is mostly empty.
 *
 * @param {Dab} from
 * @param {Dab} to
 * @returns {[Dab, Dab][]}
 */
export function cutLine(from, to) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const parts = Math.max(1, Math.ceil(length / (4 * Math.max(4, from.r, to.r))));
  return Array.from({ length: parts }, (_, i) => [
    between(from, to, i / parts),
    between(from, to, (i + 1) / parts),
  ]);
}

/**
 * @param {Dab} from
 * @param {Dab} to
 * @param {number} share 0 to 1
 * @returns {Dab}
 */
export function between(from, to, share) {
  return {
    x: from.x + (to.x - from.x) * share,
    y: from.y + (to.y - from.y) * share,
    r: from.r + (to.r - from.r) * share,
    opacity: from.opacity + (to.opacity - from.opacity) * share,
  };
}

/** One stroke: it covers each pixel once, as strongly as it passes at most, however often it passes. */
export class Stroke {
  #before;
  #coverage;

  /** @param {Pixels} before the layer as it was when the stroke began; is not changed */
  constructor(before) {
    this.#before = before;
    this.#coverage = new Uint8Array(before.width * before.height);
  }

  /** Nothing is covered any more: a shape is drawn anew. */
  reset() {
    this.#coverage.fill(0);
  }

  /**
   * Paints (or erases) a straight part, its ends round. At full hardness its edge is one pixel wide;
   * what is inside has exactly the brush's color.
   *
   * @param {Pixels} image is changed
   * @param {Dab} from
   * @param {Dab} to
   * @param {Brush} brush
   * @returns {Box | null} where pixels may have changed
   */
  paint(image, from, to, brush) {
    const { width, height } = image;
    const box = lineBounds(from, to, width, height);
    if (!box) return null;
    const color = brush.tool === 'eraser' ? null : parseColor(brush.color);
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const length = dx * dx + dy * dy;
    for (let row = box.top; row < box.top + box.height; row++) {
      for (let column = box.left; column < box.left + box.width; column++) {
        const [px, py] = [column + 0.5 - from.x, row + 0.5 - from.y];
        const share = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
        const [ox, oy] = [px - share * dx, py - share * dy];
        const distance = Math.sqrt(ox * ox + oy * oy);
        const radius = from.r + (to.r - from.r) * share;
        const opacity = from.opacity + (to.opacity - from.opacity) * share;
        const coverage = Math.round(255 * opacity * edge(distance, radius, brush.hardness));
        const at = row * width + column;
        if (coverage <= this.#coverage[at]) continue;
        this.#coverage[at] = coverage;
        blend(image.data, this.#before.data, 4 * at, color, coverage / 255);
      }
    }
    return box;
  }
}

/**
 * How much of a pixel the brush covers.
 *
 * @param {number} distance of the pixel's centre from the brush's, in pixels
 * @param {number} radius of the brush, in pixels
 * @param {number} hardness the share of the radius that is fully covered
 * @returns {number} 0 to 1
 */
function edge(distance, radius, hardness) {
  const size = Math.max(MIN_RADIUS, radius);
  const outer = size + 0.5;
  if (distance >= outer) return 0;
  const inner = Math.min(size - 0.5, size * hardness);
  return distance <= inner ? 1 : (outer - distance) / (outer - inner);
}

/**
 * One pixel of color over what stood there before the stroke; without a color, erases it.
 *
 * @param {Uint8ClampedArray} target
 * @param {Uint8ClampedArray} before
 * @param {number} at index in both
 * @param {Rgb | null} color
 * @param {number} opacity 0 to 1
 */
function blend(target, before, at, color, opacity) {
  const under = (before[at + 3] / 255) * (1 - opacity);
  const alpha = color ? opacity + under : under;
  for (let i = 0; i < 3; i++) {
    const over = color ? color[i] * opacity : 0;
    target[at + i] = alpha ? Math.round((over + before[at + i] * under) / alpha) : 0;
  }
  target[at + 3] = Math.round(255 * alpha);
}
