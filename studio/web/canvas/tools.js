/**
 * What the drawing tools do to pixels, without a document: colors, flood fill, the geometry of
 * shapes, and strokes.
 *
 * @typedef {[red: number, green: number, blue: number]} Rgb 0 to 255 each
 * @typedef {'brush' | 'eraser' | 'fill' | 'eyedropper' | 'line' | 'rectangle' | 'ellipse' | 'hand'} Tool
 * @typedef {{ width: number, height: number, data: Uint8ClampedArray }} Pixels RGBA rows, as in ImageData
 * @typedef {{ x: number, y: number }} Point in pixels of the layer; a pixel's centre is at .5
 * @typedef {Point & { r: number }} Dab a place and the radius of the brush there, in pixels
 * @typedef {{ tool: Tool, color: string, hardness: number, mirrored: boolean }} Brush
 *   `color` as #rrggbb; `hardness` is the share of the radius that is fully opaque, 0 to 1
 */

const OVAL_SEGMENTS = 48;

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
 * Fills the area of one color (or of nothing) that holds the point, over edges, not corners.
 *
 * @param {Pixels} image is changed
 * @param {Point} point
 * @param {Rgb} color
 * @returns {boolean} whether any pixel changed
 */
export function floodFill(image, point, [red, green, blue]) {
  const { width, height, data } = image;
  const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
  if (x < 0 || y < 0 || x >= width || y >= height) return false;
  const words = new Uint32Array(data.buffer, data.byteOffset, width * height);
  const start = y * width + x;
  const from = words[start];
  const to = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  if (from === to) return false;
  const open = [start];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (words[at] !== from) continue;
    words[at] = to;
    const column = at % width;
    if (column > 0) open.push(at - 1);
    if (column < width - 1) open.push(at + 1);
    if (at >= width) open.push(at - width);
    if (at < width * (height - 1)) open.push(at + width);
  }
  return true;
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
 * The dabs of a straight line, close enough to overlap.
 *
 * @param {Dab} from
 * @param {Dab} to
 * @returns {Dab[]}
 */
export function dabsBetween(from, to) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const steps = Math.max(1, Math.ceil(length / Math.max(1, to.r / 3)));
  return Array.from({ length: steps + 1 }, (_, i) => {
    const share = i / steps;
    return {
      x: from.x + (to.x - from.x) * share,
      y: from.y + (to.y - from.y) * share,
      r: from.r + (to.r - from.r) * share,
    };
  });
}

/**
 * The pixels that a dab may touch.
 *
 * @param {Dab} dab
 * @param {number} width of the layer
 * @param {number} height of the layer
 * @returns {{ left: number, top: number, width: number, height: number } | null} null outside the layer
 */
export function dabBounds({ x, y, r }, width, height) {
  const radius = Math.max(0.5, r);
  const left = Math.max(0, Math.floor(x - radius));
  const top = Math.max(0, Math.floor(y - radius));
  const right = Math.min(width, Math.ceil(x + radius) + 1);
  const bottom = Math.min(height, Math.ceil(y + radius) + 1);
  if (right <= left || bottom <= top) return null;
  return { left, top, width: right - left, height: bottom - top };
}

/** One stroke: it covers each pixel once, however often it passes. */
export class Stroke {
  #before;
  #coverage;

  /** @param {Pixels} before the layer as it was when the stroke began */
  constructor(before) {
    this.#before = before;
    this.#coverage = new Uint8Array(before.width * before.height);
  }

  /** Nothing is covered any more: a shape is drawn anew. */
  reset() {
    this.#coverage.fill(0);
  }

  /**
   * Paints (or erases) one dab. At full hardness its edge is not soft, so that palette colors stay
   * exactly what they are.
   *
   * @param {Pixels} patch the layer's present pixels at `left`, `top`; is changed
   * @param {number} left
   * @param {number} top
   * @param {Dab} dab
   * @param {Brush} brush
   */
  paint(patch, left, top, { x, y, r }, brush) {
    const radius = Math.max(0.5, r);
    const color = brush.tool === 'eraser' ? null : parseColor(brush.color);
    const solid = radius * brush.hardness;
    for (let row = 0; row < patch.height; row++) {
      for (let column = 0; column < patch.width; column++) {
        const [px, py] = [left + column, top + row];
        const distance = Math.hypot(px + 0.5 - x, py + 0.5 - y);
        if (distance > radius) continue;
        const coverage =
          distance <= solid ? 255 : Math.round((255 * (radius - distance)) / (radius - solid));
        const at = py * this.#before.width + px;
        if (coverage <= this.#coverage[at]) continue;
        this.#coverage[at] = coverage;
        const to = 4 * (row * patch.width + column);
        blend(patch.data, to, this.#before.data, 4 * at, color, coverage / 255);
      }
    }
  }
}

/**
 * One pixel of color over what stood there before the stroke; without a color, erases it.
 *
 * @param {Uint8ClampedArray} target
 * @param {number} to index in `target`
 * @param {Uint8ClampedArray} before
 * @param {number} from index in `before`
 * @param {Rgb | null} color
 * @param {number} opacity 0 to 1
 */
function blend(target, to, before, from, color, opacity) {
  const under = (before[from + 3] / 255) * (1 - opacity);
  const alpha = color ? opacity + under : under;
  for (let i = 0; i < 3; i++) {
    const over = color ? color[i] * opacity : 0;
    target[to + i] = alpha ? Math.round((over + before[from + i] * under) / alpha) : 0;
  }
  target[to + 3] = Math.round(255 * alpha);
}
