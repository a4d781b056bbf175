import { describe, expect, test } from 'vitest';
import { Stabiliser } from '../../studio/web/canvas/stabiliser.js';

/** @param {number} x @param {number} y */
const dab = (x, y, r = 5) => ({ x, y, r, opacity: 1 });

/**
 * @param {boolean} isSmooth
 * @param {...ReturnType<typeof dab>} points
 */
function draw(isSmooth, ...points) {
  const stabiliser = new Stabiliser(points[0], isSmooth);
  const moves = points.slice(1).flatMap((point) => stabiliser.move(point));
  return [...moves, ...stabiliser.end(points.at(-1) ?? points[0])];
}

describe('a stroke', () => {
  test.each([true, false])(
    'goes from where the pen comes down to where it is lifted (%s)',
    (is) => {
      const lines = draw(is, dab(0, 0), dab(20, 0), dab(20, 20));
      expect(lines[0][0]).toEqual(dab(0, 0));
      expect(lines.at(-1)?.[1]).toMatchObject({ x: 20, y: 20 });
      for (let i = 1; i < lines.length; i++) expect(lines[i][0]).toEqual(lines[i - 1][1]);
    },
  );

  test('is straight where the pen moved straight', () => {
    for (const line of draw(true, dab(0, 3), dab(10, 3), dab(40, 3), dab(90, 3))) {
      for (const point of line) expect(point.y).toBeCloseTo(3);
    }
  });

  test('shakes less when it is smoothed', () => {
    const shaky = Array.from({ length: 40 }, (_, i) => dab(5 * i, i % 2 ? 2 : -2));
    const sway = (/** @type {boolean} */ isSmooth) =>
      draw(isSmooth, ...shaky).reduce((sum, [from, to]) => sum + Math.abs(to.y - from.y), 0);
    expect(sway(true)).toBeLessThan(0.6 * sway(false));
  });

  test('ends as wide as the pen pressed before it was lifted', () => {
    const stabiliser = new Stabiliser(dab(0, 0, 8), false);
    stabiliser.move(dab(10, 0, 8));
    expect(stabiliser.end(dab(10, 0, 1)).at(-1)?.[1].r).toBe(8);
  });
});
