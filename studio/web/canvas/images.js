/**
 * Images that are to become the drawing, loaded by the browser, within bounds; and the drawing as one.
 *
 * @import { Pixels } from './pixels.js'
 */

const MAX_BYTES = 16 * 2 ** 20;
const MAX_PIXELS = 64 * 2 ** 20;

/** Ids of the texts that say why an image cannot be used. */
const REASONS = {
  unreadable: 'studio.canvas_unreadable',
  too_many_pixels: 'studio.canvas_too_many_pixels',
  too_large: 'studio.canvas_too_large',
};

/** An image that cannot be used. */
export class ImageError extends Error {
  /** @param {keyof typeof REASONS} reason */
  constructor(reason) {
    super(reason);
    this.name = 'ImageError';
    this.textId = REASONS[reason];
  }
}

/**
 * @param {Blob} file
 * @returns {string} an address for `loadImage`
 * @throws {ImageError} where the file is too large
 */
export function imageUrl(file) {
  if (file.size > MAX_BYTES) throw new ImageError('too_large');
  return URL.createObjectURL(file);
}

/**
 * @param {string} address of any kind that a browser shows; one of a Blob is revoked
 * @returns {Promise<HTMLImageElement>}
 * @throws {ImageError} where the browser cannot read it, or it has too many pixels
 */
export async function loadImage(address) {
  const image = new Image();
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = () => reject(new ImageError('unreadable'));
      image.src = address;
    });
  } finally {
    if (address.startsWith('blob:')) URL.revokeObjectURL(address);
  }
  if (image.width * image.height > MAX_PIXELS) throw new ImageError('too_many_pixels');
  if (!image.width || !image.height) throw new ImageError('unreadable');
  return image;
}

/**
 * @param {Pixels} pixels
 * @returns {string} a data: URL of a PNG
 */
export function toPng({ width, height, data }) {
  const sheet = document.createElement('canvas');
  Object.assign(sheet, { width, height });
  const context = sheet.getContext('2d');
  if (!context) throw new Error('This browser does not support canvas.');
  const image = context.createImageData(width, height);
  image.data.set(data);
  context.putImageData(image, 0, 0);
  return sheet.toDataURL('image/png');
}
