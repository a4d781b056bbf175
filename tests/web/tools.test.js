import { describe, expect, test } from 'vitest';
import {
  constrain,
  dabBounds,
  dabsBetween,
  floodFill,
  formatColor,
  outline,
  parseColor,
  Stroke,
} from '../../studio/web/canvas/tools.js';

/**
 * @import { Brush, Dab, Pixels } from '../../studio/web/canvas/tools.js'
 */

/** @type {Record<string, [number, number, number, number]>} */
const INKS = { '.': [0, 0, 0, 0], r: [255, 0, 0, 255], b: [0, 0, 255, 255], s: [255, 0, 0, 128] };

/**
 * A picture from rows of letters.
 *
 * @param {...string} rows
 * @returns {Pixels}
 */
function picture(...rows) {
  const data = rows.flatMap((row) => [...row].flatMap((letter) => INKS[letter]));
  return { width: rows[0].length, height: rows.length, data: new Uint8ClampedArray(data) };
}

/**
 * @param {Pixels} pixels
 * @returns {string[]}
 */
function letters({ width, height, data }) {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      const at = 4 * (y * width + x);
      const pixel = [...data.subarray(at, at + 4)].join();
      return Object.keys(INKS).find((name) => INKS[name].join() === pixel) ?? '?';
    }).join(''),
  );
}

describe('colors', () => {
  test.each(['#000000', '#d62830', '#00ff7f'])('%s is read and written', (hex) => {
    expect(formatColor(parseColor(hex))).toBe(hex);
  });
});

describe('flood fill', () => {
  test('fills what is joined by edges, not by corners', () => {
    const image = picture('..r.', '.r..', 'r...');
    expect(floodFill(image, { x: 0.7, y: 0.2 }, [0, 0, 255])).toBe(true);
    expect(letters(image)).toEqual(['bbr.', 'br..', 'r...']);
  });

  test('does not run over the sides of the picture', () => {
    const image = picture('r.r', 'rrr', '.r.');
    floodFill(image, { x: 2, y: 2 }, [0, 0, 255]);
    expect(letters(image)).toEqual(['r.r', 'rrr', '.rb']);
  });

  test('replaces a color where there is one, and tells it from a fainter one', () => {
    const image = picture('rrs', 'rs.');
    floodFill(image, { x: 0, y: 0 }, [0, 0, 255]);
    expect(letters(image)).toEqual(['bbs', 'bs.']);
  });

  test('changes nothing where that color is already', () => {
    const image = picture('rr');
    expect(floodFill(image, { x: 0, y: 0 }, [255, 0, 0])).toBe(false);
  });

  test.each([
    [-0.5, 0],
    [0, -1],
    [3, 0],
    [0, 2],
  ])('changes nothing from outside, at %d, %d', (x, y) => {
    const image = picture('...', '...');
    expect(floodFill(image, { x, y }, [255, 0, 0])).toBe(false);
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

  /**
   * @param {Pixels} image is painted into
   * @param {Stroke} stroke
   * @param {Dab} dab
   * @param {Brush} brush
   */
  function paint(image, stroke, dab, brush = red) {
    const bounds = dabBounds(dab, image.width, image.height);
    if (!bounds) return;
    const { left, top, width, height } = bounds;
    const patch = { width, height, data: new Uint8ClampedArray(4 * width * height) };
    const row = (/** @type {number} */ y) => 4 * ((top + y) * image.width + left);
    for (let y = 0; y < height; y++) {
      patch.data.set(image.data.subarray(row(y), row(y) + 4 * width), 4 * y * width);
    }
    stroke.paint(patch, left, top, dab, brush);
    for (let y = 0; y < height; y++) {
      image.data.set(patch.data.subarray(4 * y * width, 4 * (y + 1) * width), row(y));
    }
  }

  /** @param {Pixels} image */
  const copy = (image) => ({ ...image, data: image.data.slice() });

  test('a hard dab covers whole pixels', () => {
    const image = picture('.....', '.....', '.....', '.....', '.....');
    paint(image, new Stroke(copy(image)), { x: 2.5, y: 2.5, r: 1.2 });
    expect(letters(image)).toEqual(['.....', '..r..', '.rrr.', '..r..', '.....']);
  });

  test('a soft dab fades to its rim', () => {
    const image = picture('.......', '.......', '.......');
    const soft = { ...red, hardness: 0.2 };
    paint(image, new Stroke(copy(image)), { x: 3.5, y: 1.5, r: 3 }, soft);
    const alphas = [3, 4, 5].map((x) => image.data[4 * (7 + x) + 3]);
    expect(alphas[0]).toBe(255);
    expect(alphas[1]).toBeGreaterThan(alphas[2]);
    expect(alphas[2]).toBeGreaterThan(0);
  });

  test('covers a pixel once, however often it passes', () => {
    const soft = { ...red, hardness: 0 };
    const [once, twice] = [picture('...'), picture('...')];
    paint(once, new Stroke(copy(once)), { x: 1.2, y: 0.5, r: 1 }, soft);
    const stroke = new Stroke(copy(twice));
    for (let i = 0; i < 5; i++) paint(twice, stroke, { x: 1.2, y: 0.5, r: 1 }, soft);
    expect([...twice.data]).toEqual([...once.data]);
  });

  test('an eraser takes away, half of it at half its strength', () => {
    const image = picture('rrr');
    const eraser = { ...red, tool: /** @type {const} */ ('eraser'), hardness: 0 };
    paint(image, new Stroke(copy(image)), { x: 1.5, y: 0.5, r: 2 }, eraser);
    expect(image.data[4 + 3]).toBe(0);
    expect([...image.data.subarray(0, 4)]).toEqual([255, 0, 0, 127]);
  });

  test('after a reset the same pixels are covered again', () => {
    const image = picture('...');
    const stroke = new Stroke(copy(image));
    paint(image, stroke, { x: 1.5, y: 0.5, r: 0.5 });
    stroke.reset();
    const again = picture('...');
    paint(again, stroke, { x: 1.5, y: 0.5, r: 0.5 });
    expect(letters(again)).toEqual(letters(image));
    expect(letters(again)).toEqual(['.r.']);
  });

  test('a dab outside the layer touches nothing', () => {
    expect(dabBounds({ x: -5, y: 2, r: 3 }, 8, 8)).toBeNull();
    expect(dabBounds({ x: 0, y: 2, r: 3 }, 8, 8)).toMatchObject({ left: 0, top: 0 });
  });

  test('dabs of a line are a third of the radius apart and end where it ends', () => {
    const dabs = dabsBetween({ x: 0, y: 0, r: 3 }, { x: 10, y: 0, r: 6 });
    expect(dabs[0]).toEqual({ x: 0, y: 0, r: 3 });
    expect(dabs.at(-1)).toEqual({ x: 10, y: 0, r: 6 });
    for (let i = 1; i < dabs.length; i++) expect(dabs[i].x - dabs[i - 1].x).toBeLessThanOrEqual(2);
  });
});
