import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadPicture, pictureAddress } from '../../studio/web/canvas/pictures.js';

/** A picture that the browser has read, or not. */
class FakeImage {
  static width = 10;
  static height = 10;
  static readable = true;
  width = FakeImage.width;
  height = FakeImage.height;
  onload = () => {};
  onerror = () => {};

  /** @param {string} _ */
  set src(_) {
    queueMicrotask(() => (FakeImage.readable ? this.onload() : this.onerror()));
  }
}

const revoke = vi.spyOn(URL, 'revokeObjectURL');

beforeEach(() => {
  vi.stubGlobal('Image', FakeImage);
  Object.assign(FakeImage, { width: 10, height: 10, readable: true });
  revoke.mockClear();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe('a picture', () => {
  test('is loaded, and its address given back', async () => {
    expect(await loadPicture('blob:x')).toMatchObject({ width: 10, height: 10 });
    expect(revoke).toHaveBeenCalledWith('blob:x');
  });

  test.each([
    ['that is none', { readable: false }, 'unreadable'],
    ['without a size', { width: 0 }, 'unreadable'],
    ['with too many pixels', { width: 8193, height: 8192 }, 'too_many_pixels'],
  ])('%s is refused, and its address given back', async (_, properties, reason) => {
    Object.assign(FakeImage, properties);
    await expect(loadPicture('blob:x')).rejects.toMatchObject({ reason });
    expect(revoke).toHaveBeenCalledWith('blob:x');
  });

  test('with as many pixels as may be is taken', async () => {
    Object.assign(FakeImage, { width: 8192, height: 8192 });
    expect(await loadPicture('blob:x')).toBeTruthy();
  });

  test('of a file that is too large is not even read', () => {
    const file = /** @type {Blob} */ ({ size: 16 * 2 ** 20 + 1 });
    expect(() => pictureAddress(file)).toThrow('too_large');
    expect(pictureAddress(new Blob(['x']))).toMatch(/^blob:/);
  });
});
