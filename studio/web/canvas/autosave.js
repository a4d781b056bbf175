/** The browser keeps the last drawing: it outlives a reload or a crash. */
import { STORAGE_KEYS } from '../lib/storage.js';

const KEY = STORAGE_KEYS.drawing;
export const PNG_URL = 'data:image/png;base64,';

/**
 * @param {string | null} png a data: URL; null forgets the drawing
 * @param {number} width in pixels
 * @param {number} height in pixels
 */
export function saveDrawing(png, width, height) {
  try {
    if (png === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify([png, width, height]));
  } catch {
    // A browser that stores nothing, or has no room, still draws.
  }
}

/**
 * @param {number} width in pixels
 * @param {number} height in pixels
 * @returns {string | null} the saved drawing as a data: URL, if it has this size
 */
export function loadDrawing(width, height) {
  /** @type {unknown} */
  let saved = null;
  try {
    saved = JSON.parse(localStorage.getItem(KEY) ?? 'null');
  } catch {
    return null;
  }
  if (!Array.isArray(saved) || saved[1] !== width || saved[2] !== height) return null;
  const png = String(saved[0]);
  return png.startsWith(PNG_URL) ? png : null;
}
