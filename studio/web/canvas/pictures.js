/** Pictures that are to become the drawing: loaded by the browser, within bounds. */

const MAX_BYTES = 16 * 2 ** 20;
const MAX_PIXELS = 64 * 2 ** 20;

/** A picture that cannot be used. */
export class PictureError extends Error {
  /** @param {'unreadable' | 'too_many_pixels' | 'too_large'} reason the name of the message to show */
  constructor(reason) {
    super(reason);
    this.name = 'PictureError';
    this.reason = reason;
  }
}

/**
 * @param {Blob} file
 * @returns {string} an address for `loadPicture`
 * @throws {PictureError} where the file is too large
 */
export function pictureAddress(file) {
  if (file.size > MAX_BYTES) throw new PictureError('too_large');
  return URL.createObjectURL(file);
}

/**
 * @param {string} address of any kind that a browser shows; one of a Blob is revoked
 * @returns {Promise<HTMLImageElement>}
 * @throws {PictureError} where the browser cannot read it, or it has too many pixels
 */
export async function loadPicture(address) {
  const picture = new Image();
  try {
    await new Promise((resolve, reject) => {
      picture.onload = resolve;
      picture.onerror = () => reject(new PictureError('unreadable'));
      picture.src = address;
    });
  } finally {
    URL.revokeObjectURL(address);
  }
  if (picture.width * picture.height > MAX_PIXELS) throw new PictureError('too_many_pixels');
  if (!picture.width || !picture.height) throw new PictureError('unreadable');
  return picture;
}
