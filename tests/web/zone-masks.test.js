// Issue 23, 1: the zones of a base image as a drawing of two colors.
import { expect, test } from 'vitest';
import { paintZones, readZones } from '../../studio/web/components/zone-masks.js';

/** @import { Pixels } from '../../studio/web/canvas/pixels.js' */

const SIZE = { width: 4, height: 1 };
const [BLUE, RED] = [
  [0x30, 0x64, 0xd6, 255],
  [0xd6, 0x28, 0x30, 255],
];
const NOTHING = [0, 0, 0, 0];

/**
 * @param {...readonly number[]} pixels
 * @returns {Pixels}
 */
const row = (...pixels) => ({ ...SIZE, data: new Uint8ClampedArray(pixels.flat()) });
/** @param {string} pixels `#` is in the zone */
const mask = (pixels) =>
  row(...[...pixels].map((pixel) => (pixel === '#' ? [255, 255, 255, 255] : [0, 0, 0, 255])));
/** @param {Pixels | null} found */
const shape = (found) =>
  found && [0, 1, 2, 3].map((at) => (found.data[4 * at] ? '#' : '.')).join('');

test('each zone has its color, and what is in both is protected', () => {
  const drawing = paintZones({ clothes: mask('##..'), protected: mask('.##.') }, SIZE);
  expect([...drawing.data]).toEqual([BLUE, RED, RED, NOTHING].flat());
});

test('what was painted is read back exactly', () => {
  const drawing = paintZones({ clothes: mask('#..#'), protected: mask('.#..') }, SIZE);
  const { clothes, protected: kept } = readZones(drawing);
  expect([shape(clothes), shape(kept)]).toEqual(['#..#', '.#..']);
  expect(clothes?.data.filter((_, at) => at % 4 === 3)).toEqual(
    new Uint8ClampedArray([255, 255, 255, 255]),
  );
});

test('a zone in which nothing is painted is none', () => {
  expect(readZones(row(NOTHING, NOTHING, NOTHING, NOTHING))).toEqual({
    clothes: null,
    protected: null,
  });
  const drawing = paintZones({ clothes: null, protected: mask('...#') }, SIZE);
  expect(readZones(drawing).clothes).toBe(null);
});

test('the soft edge of a stroke is in the zone where it covers half, and where two colors mix in the nearer', () => {
  const [soft, softer] = [
    [...BLUE.slice(0, 3), 128],
    [...BLUE.slice(0, 3), 127],
  ];
  const mostlyRed = RED.map((value, channel) => Math.round(0.6 * value + 0.4 * BLUE[channel]));
  const { clothes, protected: kept } = readZones(row(soft, softer, mostlyRed, NOTHING));
  expect([shape(clothes), shape(kept)]).toEqual(['#...', '..#.']);
});
