import { describe, expect, test } from 'vitest';
import {
  constrain,
  cutLine,
  formatColor,
  lineBounds,
  outline,
  parseColor,
  Stroke,
} from '../../studio/web/canvas/tools.js';
import { letters, picture } from './pictures.js';

/**
 * @import { Pixels } from '../../studio/web/canvas/pixels.js'
 * @import { Brush } from '../../studio/web/canvas/tools.js'
 */

describe('colors', () => {
  test.each(['#000000', '#d62830', '#00ff7f'])('%s is read and written', (hex) => {
    expect(formatColor(parseColor(hex))).toBe(hex);
  });
});

describe('shapes', () => {
  test('a box closes at its first corner', () => {
    const [a, b] = [
      { x: 1, y: 2 },
      { x: 5, y: 4 },
    ];
    expect(outline('rectangle', a, b)).toEqual([a, { x: 5, y: 2 }, b, { x: 1, y: 4 }, a]);
  });

  test('an oval touches the sides of its box', () => {
    const points = outline('ellipse', { x: 10, y: 20 }, { x: 30, y: 60 });
    expect(Math.min(...points.map(({ x }) => x))).toBeCloseTo(10);
    expect(Math.max(...points.map(({ y }) => y))).toBeCloseTo(60);
    expect(points[0].x).toBeCloseTo(points.at(-1)?.x ?? Number.NaN);
  });

  test('with Shift a line turns by 45 degrees and keeps its length', () => {
    const end = constrain('line', { x: 0, y: 0 }, { x: 10, y: 8 });
    expect(end.x).toBeCloseTo(end.y);
    expect(Math.hypot(end.x, end.y)).toBeCloseTo(Math.hypot(10, 8));
  });

  test('with Shift a box is a square towards where the hand went', () => {
    expect(constrain('rectangle', { x: 10, y: 10 }, { x: 4, y: 13 })).toEqual({ x: 4, y: 16 });
  });
});

describe('strokes', () => {
  /** @type {Brush} */
  const red = { tool: 'brush', color: '#ff0000', hardness: 1, mirrored: false };

  /** @param {Pixels} image */
  const copy = (image) => ({ ...image, data: image.data.slice() });

  /** @param {Pixels} image */
  const alphas = ({ data, width, height }) =>
    Array.from({ length: width * height }, (_, at) => data[4 * at + 3]);

  const dab = (x = 0, y = 0, r = 1, opacity = 1) => ({ x, y, r, opacity });

  test('at full hardness the inside has exactly the color, and the edge differs in alpha alone', () => {
    const image = picture(...Array(9).fill('.........'));
    new Stroke(copy(image)).paint(image, dab(2, 4.3, 2), dab(7, 4.3, 2), red);
    const inside = new Set(alphas(image).map((alpha, at) => alpha === 255 && at));
    expect(inside.has(4 * 9 + 4)).toBe(true);
    expect(alphas(image).filter((alpha) => alpha > 0 && alpha < 255).length).toBeGreaterThan(4);
    for (let at = 0; at < 81; at++) {
      const [r, g, b, alpha] = image.data.subarray(4 * at, 4 * at + 4);
      expect([r, g, b]).toEqual(alpha ? [255, 0, 0] : [0, 0, 0]);
    }
  });

  test('a straight part is as wide everywhere', () => {
    const image = picture(...Array(9).fill('....................'));
    new Stroke(copy(image)).paint(image, dab(-5, 4.5, 2.2), dab(25, 4.5, 2.2), red);
    const rows = alphas(image);
    for (let y = 0; y < 9; y++) expect(new Set(rows.slice(20 * y, 20 * y + 20)).size).toBe(1);
  });

  test('a soft brush fades to its rim', () => {
    const image = picture('.......', '.......', '.......');
    const at = dab(3.5, 1.5, 3);
    new Stroke(copy(image)).paint(image, at, at, { ...red, hardness: 0.2 });
    const [middle, near, rim] = [3, 4, 5].map((x) => image.data[4 * (7 + x) + 3]);
    expect(middle).toBe(255);
    expect(near).toBeGreaterThan(rim);
    expect(rim).toBeGreaterThan(0);
  });

  test('covers a pixel once, however often it passes', () => {
    const half = dab(1.5, 0.5, 2, 0.5);
    const image = picture('...');
    const stroke = new Stroke(copy(image));
    for (let i = 0; i < 5; i++) stroke.paint(image, half, half, red);
    expect([...image.data.subarray(4, 8)]).toEqual([255, 0, 0, 128]);
  });

  test('an eraser takes away, half of it at half its strength', () => {
    const image = picture('rrr');
    const eraser = { ...red, tool: /** @type {const} */ ('eraser') };
    const half = dab(0.5, 0.5, 0.5, 0.5);
    new Stroke(copy(image)).paint(image, half, half, eraser);
    expect(alphas(image)).toEqual([127, 255, 255]);
  });

  test('after a reset the same pixels are covered again', () => {
    const [image, again] = [picture('.....'), picture('.....')];
    const stroke = new Stroke(copy(image));
    const at = dab(2.5, 0.5, 1);
    stroke.paint(image, at, at, red);
    stroke.reset();
    stroke.paint(again, at, at, red);
    expect(letters(again)).toEqual(letters(image));
    expect(letters(again)).toEqual(['.srs.']);
  });

  test('outside the layer touches nothing', () => {
    expect(lineBounds(dab(-5, 2, 3), dab(-4, 2, 3), 8, 8)).toBeNull();
    expect(lineBounds(dab(0, 2, 3), dab(1, 2, 3), 8, 8)).toMatchObject({ left: 0, top: 0 });
  });

  test('a long line is cut into parts that join', () => {
    const parts = cutLine(dab(0, 0, 5), dab(100, 0, 10, 0.5));
    expect(parts.length).toBeGreaterThan(2);
    expect(parts[0][0]).toEqual(dab(0, 0, 5));
    expect(parts.at(-1)?.[1]).toEqual(dab(100, 0, 10, 0.5));
    for (let i = 1; i < parts.length; i++) expect(parts[i][0]).toEqual(parts[i - 1][1]);
  });
});
