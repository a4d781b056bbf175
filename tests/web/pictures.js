/**
 * Small pictures written as letters: `.` nothing, `r` red, `b` blue, `s` red that covers half.
 *
 * @import { Pixels } from '../../studio/web/canvas/pixels.js'
 */

/** @type {Record<string, [number, number, number, number]>} */
const INKS = { '.': [0, 0, 0, 0], r: [255, 0, 0, 255], b: [0, 0, 255, 255], s: [255, 0, 0, 128] };

/**
 * A picture from rows of letters.
 *
 * @param {...string} rows
 * @returns {Pixels}
 */
export function picture(...rows) {
  const data = rows.flatMap((row) => [...row].flatMap((letter) => INKS[letter]));
  return { width: rows[0].length, height: rows.length, data: new Uint8ClampedArray(data) };
}

/**
 * @param {Pixels} pixels
 * @returns {string[]}
 */
export function letters({ width, height, data }) {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      const at = 4 * (y * width + x);
      const pixel = [...data.subarray(at, at + 4)].join();
      return Object.keys(INKS).find((name) => INKS[name].join() === pixel) ?? '?';
    }).join(''),
  );
}
