/** Images of any kind that the browser decodes, cropped, scaled down and made PNG. */

/** Longest side of what is stored, in pixels. */
export const MAX_SIDE = 1024;
/** Shortest side that the server takes, in pixels. */
export const MIN_SIDE = 64;
const STEP = 8;

/**
 * @typedef {{ width: number, height: number }} Size in pixels
 * @typedef {Size & { x: number, y: number }} Box
 */

/**
 * The largest part of an image that has an aspect.
 *
 * @param {Size} image
 * @param {number | null} aspect width to height; null for the whole image
 * @param {number} position of the part along the side that is cropped, 0 to 1
 * @returns {Box}
 */
export function cropBox({ width, height }, aspect, position) {
  const shape = aspect ?? width / height;
  const size =
    width / height > shape ? { width: height * shape, height } : { width, height: width / shape };
  return { x: (width - size.width) * position, y: (height - size.height) * position, ...size };
}

/**
 * The size that a part of an image is stored with: never larger than it is, in multiples of 8 pixels.
 *
 * @param {Size} part
 * @param {number} [longest] side in pixels
 * @returns {Size}
 */
export function storedSize({ width, height }, longest = MAX_SIDE) {
  const scale = Math.min(1, longest / Math.max(width, height));
  const round = (/** @type {number} */ side) =>
    Math.max(STEP, Math.round((side * scale) / STEP) * STEP);
  return { width: round(width), height: round(height) };
}

/**
 * @param {ImageBitmap} image
 * @param {Box} box the part that is wanted
 * @param {HTMLCanvasElement} canvas is resized
 */
export function drawPart(image, box, canvas) {
  const { width, height } = storedSize(box);
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no 2D canvas');
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, box.x, box.y, box.width, box.height, 0, 0, width, height);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Promise<Blob>} as PNG
 */
export function canvasPng(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no PNG'))), 'image/png');
  });
}
