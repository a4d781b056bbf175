import { describe, expect, test } from 'vitest';
import {
  copyPixels,
  packPixels,
  shrink,
  union,
  unpackPixels,
} from '../../studio/web/canvas/pixels.js';
import { letters, picture } from './pictures.js';

describe('a copied part', () => {
  const rows = ['rrb..', 'rbb..', '..bbr'];

  test('is put back exactly where it was, and nothing beside it is touched', () => {
    const patch = packPixels(picture(...rows), { left: 1, top: 1, width: 3, height: 2 });
    const image = picture('sssss', 'sssss', 'sssss');
    unpackPixels(image, patch);
    expect(letters(image)).toEqual(['sssss', 'sbb.s', 's.bbs']);
  });

  test('of one color takes a few bytes, of many colors what they need', () => {
    const [width, height] = [512, 512];
    const image = { width, height, data: new Uint8ClampedArray(4 * width * height) };
    const all = { left: 0, top: 0, width, height };
    expect(packPixels(image, all).runs.byteLength).toBe(8);
    for (let i = 0; i < image.data.length; i++) image.data[i] = (i * 7) % 251;
    const patch = packPixels(image, all);
    const again = { width, height, data: new Uint8ClampedArray(4 * width * height) };
    unpackPixels(again, patch);
    expect(again.data.every((byte, i) => byte === image.data[i])).toBe(true);
  });

  test('goes from one picture into another', () => {
    const image = picture('.....', '.....', '.....');
    copyPixels(picture(...rows), image, { left: 0, top: 0, width: 2, height: 2 });
    expect(letters(image)).toEqual(['rr...', 'rb...', '.....']);
  });
});

describe('the smaller picture', () => {
  test('keeps the color of blocks that are covered wholly, exactly', () => {
    expect(letters(shrink(picture('rrbb', 'rrbb', '..ss', '..ss'), 2))).toEqual(['rb', '.s']);
  });

  test('has the color itself where a block is covered in part: the share is in alpha', () => {
    const { data } = shrink(picture('r.', '..'), 2);
    expect([...data]).toEqual([255, 0, 0, 64]);
  });

  test('mixes colors by what they cover', () => {
    const { data } = shrink(picture('rr', 'rb'), 2);
    expect([...data]).toEqual([191, 0, 64, 255]);
  });

  test('of the same size is the same', () => {
    expect(letters(shrink(picture('r.b', 's.r'), 1))).toEqual(['r.b', 's.r']);
  });
});

test('the box around two boxes holds both', () => {
  const a = { left: 2, top: 5, width: 3, height: 1 };
  expect(union(null, a)).toEqual(a);
  expect(union(a, { left: 0, top: 6, width: 1, height: 4 })).toEqual({
    left: 0,
    top: 5,
    width: 5,
    height: 5,
  });
});
