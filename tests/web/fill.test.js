import { describe, expect, test } from 'vitest';
import { floodFill } from '../../studio/web/canvas/fill.js';
import { letters, picture } from './pictures.js';

/** @type {[number, number, number]} */
const BLUE = [0, 0, 255];

/**
 * @param {string} row
 * @param {number} x
 */
function fillRow(row, x) {
  const image = picture(row);
  floodFill(image, { x, y: 0 }, BLUE);
  return Array.from(row, (_, at) => [...image.data.subarray(4 * at, 4 * at + 4)]);
}

describe('flood fill', () => {
  test('fills what is joined by edges, not by corners', () => {
    const image = picture('..r.', '.r..', 'r...');
    const box = floodFill(image, { x: 0.7, y: 0.2 }, BLUE);
    expect(letters(image)).toEqual(['bbr.', 'br..', 'r...']);
    expect(box).toEqual({ left: 0, top: 0, width: 2, height: 2 });
  });

  test('does not run over the sides of the picture', () => {
    const image = picture('r.r', 'rrr', '.r.');
    floodFill(image, { x: 2, y: 2 }, BLUE);
    expect(letters(image)).toEqual(['r.r', 'rrr', '.rb']);
  });

  test('fills round corners and behind walls', () => {
    const image = picture('.r...', '.r.r.', '.r.r.', '...r.');
    floodFill(image, { x: 0, y: 0 }, BLUE);
    expect(letters(image)).toEqual(['brbbb', 'brbrb', 'brbrb', 'bbbrb']);
  });

  test('lies under the soft edge of what encloses it: no fringe of nothing stays', () => {
    expect(fillRow('..sr', 0)).toEqual([
      [0, 0, 255, 255],
      [0, 0, 255, 255],
      [128, 0, 127, 255],
      [255, 0, 0, 255],
    ]);
  });

  test('a new color has the same soft edge as the one it replaces', () => {
    const [inside, , edge, outside] = fillRow('rrs.', 0);
    expect(inside).toEqual([0, 0, 255, 255]);
    expect(edge).toEqual([0, 0, 255, 128]);
    expect(outside).toEqual([0, 0, 0, 0]);
  });

  test('changes nothing where that color is already', () => {
    const image = picture('bb');
    expect(floodFill(image, { x: 0, y: 0 }, BLUE)).toBeNull();
  });

  test.each([
    [-0.5, 0],
    [0, -1],
    [3, 0],
    [0, 2],
  ])('changes nothing from outside, at %d, %d', (x, y) => {
    const image = picture('...', '...');
    expect(floodFill(image, { x, y }, BLUE)).toBeNull();
    expect(letters(image)).toEqual(['...', '...']);
  });

  test('fills a large picture', () => {
    const [width, height] = [1024, 1024];
    const image = { width, height, data: new Uint8ClampedArray(4 * width * height) };
    floodFill(image, { x: 500, y: 500 }, [1, 2, 3]);
    expect([...image.data.subarray(-4)]).toEqual([1, 2, 3, 255]);
    expect(image.data.every((_, i) => image.data[i] === [1, 2, 3, 255][i % 4])).toBe(true);
  });
});
