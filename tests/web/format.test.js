// @vitest-environment jsdom
import './texts.js';
import { describe, expect, test } from 'vitest';
import { duration, fileSize, metric, percent } from '../../studio/web/lib/format.js';

describe('durations have the unit that fits', () => {
  test.each([
    [0, '1 s'],
    [0.4, '1 s'],
    [89.4, '89 s'],
    [90, '2 min'],
    [5399, '90 min'],
    [5400, '2 h'],
    [36000, '10 h'],
  ])('%d seconds', (seconds, expected) => {
    expect(duration(seconds)).toBe(expected);
  });
});

test.each([
  [123_456, '0.1 MB'],
  [9_940_000, '9.9 MB'],
  [10_400_000, '10 MB'],
  [999_000_000, '999 MB'],
  [6_940_000_000, '6.9 GB'],
  [270_553_000_000, '271 GB'],
])('%d bytes in the unit that fits', (bytes, expected) => {
  expect(fileSize(bytes)).toBe(expected);
});

test('percent is a whole number', () => {
  expect([percent(0), percent(0.005), percent(2 / 3), percent(1)]).toEqual([
    '0%',
    '1%',
    '67%',
    '100%',
  ]);
});

test('a metric that was not measured is a dash', () => {
  expect([metric(3.14), metric(0), metric(null), metric(undefined)]).toEqual([
    '3.1',
    '0.0',
    '–',
    '–',
  ]);
});
