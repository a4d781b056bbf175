import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { imageUrl, loadImage } from '../../studio/web/canvas/images.js';

/** An image that the browser has read, or not. */
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

describe('an image', () => {
  test('is loaded, and its address given back', async () => {
    expect(await loadImage('blob:x')).toMatchObject({ width: 10, height: 10 });
    expect(revoke).toHaveBeenCalledWith('blob:x');
  });

  test.each([
    ['that is none', { readable: false }, 'studio.canvas_unreadable'],
    ['without a size', { width: 0 }, 'studio.canvas_unreadable'],
    ['with too many pixels', { width: 8193, height: 8192 }, 'studio.canvas_too_many_pixels'],
  ])('%s is refused, and its address given back', async (_, properties, textId) => {
    Object.assign(FakeImage, properties);
    await expect(loadImage('blob:x')).rejects.toMatchObject({ textId });
    expect(revoke).toHaveBeenCalledWith('blob:x');
  });

  test('with as many pixels as may be is taken', async () => {
    Object.assign(FakeImage, { width: 8192, height: 8192 });
    expect(await loadImage('blob:x')).toBeTruthy();
  });

  test('of a file that is too large is not even read', () => {
    const file = /** @type {Blob} */ ({ size: 16 * 2 ** 20 + 1 });
    expect(() => imageUrl(file)).toThrow('too_large');
    expect(imageUrl(new Blob(['x']))).toMatch(/^blob:/);
  });
});
