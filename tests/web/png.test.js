import { describe, expect, test } from 'vitest';
import { carriesSettings } from '../../studio/web/lib/png.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** @param {string} text */
const latin1 = (text) => [...text].map((character) => character.charCodeAt(0));

/**
 * @param {string} type
 * @param {string} data
 */
function chunk(type, data) {
  const length = [0, 0, data.length >> 8, data.length & 255];
  return [...length, ...latin1(type), ...latin1(data), 1, 2, 3, 4];
}

/** @param {...number[]} chunks */
function png(...chunks) {
  return new Uint8Array([...SIGNATURE, ...chunks.flat()]).buffer;
}

const HEADER = chunk('IHDR', '\0'.repeat(13));
const END = chunk('IEND', '');

describe('settings in a PNG', () => {
  test.each([
    ['tEXt', 'parameters\0a dress'],
    ['iTXt', 'doodle-theme-studio\0\0\0\0\0{}'],
    ['zTXt', 'parameters\0\0x'],
  ])('are found in a chunk %s', (type, data) => {
    expect(carriesSettings(png(HEADER, chunk(type, data), END))).toBe(true);
  });

  test.each([
    ['no text', png(HEADER, END)],
    ['another text', png(HEADER, chunk('tEXt', 'Software\0parameters'), END)],
    ['the keyword in another chunk', png(HEADER, chunk('IDAT', 'parameters\0x'), END)],
    ['a keyword that only begins like it', png(chunk('tEXt', 'parameters2\0x'))],
    ['a chunk that is cut', png(HEADER).slice(0, 14)],
    ['no PNG', new Uint8Array(latin1('GIF89a..........')).buffer],
    ['an empty file', new ArrayBuffer(0)],
  ])('are not in %s', (_, buffer) => {
    expect(carriesSettings(buffer)).toBe(false);
  });

  test('a length beyond the file ends the search', () => {
    const bytes = [...SIGNATURE, 0xff, 0xff, 0xff, 0xff, ...latin1('IDATxxxx')];
    expect(carriesSettings(new Uint8Array(bytes).buffer)).toBe(false);
  });
});
