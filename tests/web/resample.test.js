import { describe, expect, test } from 'vitest';
import { flatten, layOver } from '../../studio/web/canvas/blend.js';
import { thinOut } from '../../studio/web/canvas/patterns.js';
import { blankPixels, cloneOf, wholeOf } from '../../studio/web/canvas/pixels.js';
import { coverage } from '../../studio/web/canvas/polygon.js';
import { resample } from '../../studio/web/canvas/resample.js';
import { drawSticker, pathOf, STICKERS } from '../../studio/web/canvas/stickers.js';
import { letters, picture } from './pictures.js';

/**
 * @import { PatternId } from '../../studio/web/canvas/patterns.js'
 * @import { Pixels } from '../../studio/web/canvas/pixels.js'
 */

/**
 * The colors of all that is covered, however little.
 *
 * @param {Pixels} image
 */
function colorsOf({ data }) {
  const found = new Set();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3]) found.add([...data.subarray(at, at + 3)].join());
  }
  return [...found].sort();
}

describe('another size', () => {
  test('of whole steps keeps every color, and the size itself every pixel', () => {
    const image = picture('rb.', '.rb');
    expect(letters(resample(image, 3, 2))).toEqual(['rb.', '.rb']);
    expect(letters(resample(picture('rrbb', 'rrbb'), 2, 1))).toEqual(['rb']);
  });

  test.each([3, 5, 7, 16, 41])('has no new color at %i pixels', (width) => {
    const image = picture('..rrbb..', '.rrrbbb.', 'rrrrbbbb', '.rrrbbb.');
    const scaled = resample(image, width, width + 2);
    expect(colorsOf(scaled)).toEqual(['0,0,255', '255,0,0']);
  });

  test('has edges that are soft by alpha', () => {
    const { data } = resample(picture('r...'), 8, 1);
    expect([...data.filter((_, i) => i % 4 === 3)]).toEqual([255, 191, 64, 0, 0, 0, 0, 0]);
  });
});

describe('layers on one another', () => {
  test('what is covered wholly has the upper color; where nothing lies below it stays', () => {
    const target = picture('rr..', '....');
    layOver(target, picture('.bbs', '....'), wholeOf(target));
    expect(letters(target)).toEqual(['rbbs', '....']);
  });

  test('a smaller picture lies where it is put, and is cut off at the edge', () => {
    const target = picture('....', '....', '....');
    layOver(target, picture('bb', 'rr'), wholeOf(target), { left: 3, top: 1 });
    expect(letters(target)).toEqual(['....', '...b', '...r']);
  });

  test('hidden ones are left out, and opacity changes alpha alone', () => {
    const target = blankPixels(2, 1);
    const [red, blue] = [picture('r.'), picture('bb')];
    const layers = [
      { image: red, isVisible: true, opacity: 128 / 255 },
      { image: blue, isVisible: false, opacity: 1 },
    ];
    flatten(target, layers, wholeOf(target));
    expect(letters(target)).toEqual(['s.']);
  });
});

describe('closed lines', () => {
  test('cover what is inside; one that crosses itself has no hole', () => {
    const square = (/** @type {number} */ from, /** @type {number} */ to) => [
      { x: from, y: from },
      { x: to, y: from },
      { x: to, y: to },
      { x: from, y: to },
    ];
    const twice = [...square(1, 4), ...square(1, 4)];
    expect([...coverage([twice], 5, 5, { isSoft: false })].filter((value) => value)).toHaveLength(
      9,
    );
    const ring = [square(0, 5), square(1, 4).reverse()];
    expect([...coverage(ring, 5, 5)].filter((value) => value === 255)).toHaveLength(16);
  });

  test('cover a pixel by the share of it that is inside', () => {
    const half = [
      { x: 0, y: 0 },
      { x: 1.5, y: 0 },
      { x: 1.5, y: 1 },
      { x: 0, y: 1 },
    ];
    expect([...coverage([half], 3, 1)]).toEqual([255, 128, 0]);
  });
});

describe('stickers', () => {
  test.each(STICKERS.map(({ id }) => id))('%s has one color, and fills its square', (id) => {
    const sticker = STICKERS.find((each) => each.id === id) ?? expect.fail();
    const drawn = drawSticker(sticker, [214, 40, 48], 64, 64);
    expect(colorsOf(drawn)).toEqual(['214,40,48']);
    const covered = drawn.data.filter((value, i) => i % 4 === 3 && value === 255).length;
    expect(covered).toBeGreaterThan(64 * 64 * 0.15);
    expect(covered).toBeLessThan(64 * 64 * 0.8);
    expect(pathOf(sticker.contours, 24)).toMatch(/^M[\d.]+ [\d.]+L.*Z$/);
  });
});

describe('patterns', () => {
  test.each(
    /** @type {PatternId[]} */ (['dots', 'stripes', 'diagonals', 'checks', 'plaid', 'waves']),
  )(
    '%s shows what was below in part, in the two colors alone where it is not an edge',
    (pattern) => {
      const before = blankPixels(96, 96);
      before.data.set(picture('b').data);
      for (let at = 4; at < before.data.length; at += 4) before.data.copyWithin(at, 0, 4);
      const image = blankPixels(96, 96);
      for (let at = 0; at < image.data.length; at += 4) image.data.set([255, 0, 0, 255], at);
      thinOut(image, before, wholeOf(image), pattern, 4);
      const shown = letters(image).join('');
      const [red, blue] = ['r', 'b'].map((color) => shown.split(color).length - 1);
      expect(red / shown.length).toBeGreaterThan(0.2);
      expect(blue / shown.length).toBeGreaterThan(0.2);
      expect((red + blue) / shown.length).toBeGreaterThan(0.85);
    },
  );

  test('on nothing has the color itself, whatever its edge covers', () => {
    const image = picture('rrrrrrrrrrrr');
    thinOut(image, blankPixels(12, 1), wholeOf(image), 'diagonals', 0.5);
    expect(colorsOf(image)).toEqual(['255,0,0']);
    const solid = picture('rr');
    thinOut(solid, cloneOf(blankPixels(2, 1)), wholeOf(solid), 'solid', 1);
    expect(letters(solid)).toEqual(['rr']);
  });
});
