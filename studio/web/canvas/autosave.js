/**
 * The browser keeps the last drawing, with what can be undone: it outlives a reload or a crash.
 *
 * @import { KeptDrawing } from './layers.js'
 * @import { Patch } from './pixels.js'
 * @typedef {{ width: number, height: number, pixels: Patch, past: Patch[], future: Patch[] }} OneLayer as
 *   it was kept before there were layers
 * @typedef {{ width: number, height: number, png: string }} OldDrawing as releases before 2026-12 kept it
 */
import { STORAGE_KEYS } from '../lib/storage.js';

const DATABASE = 'doodle-theme-studio';
const STORE = 'drawings';
const PNG_URL = 'data:image/png;base64,';

/**
 * @param {string} name of the canvas
 * @param {KeptDrawing | null} drawing null forgets it
 */
export async function saveDrawing(name, drawing) {
  try {
    if (drawing) await inStore('readwrite', (store) => store.put(drawing, name));
    else await inStore('readwrite', (store) => store.delete(name));
    localStorage.removeItem(STORAGE_KEYS.drawing);
  } catch {
    // A browser that stores nothing, or has no room, still draws.
  }
}

/**
 * @param {string} name of the canvas
 * @returns {Promise<KeptDrawing | OldDrawing | null>}
 */
export async function loadDrawing(name) {
  try {
    const kept = await inStore('readonly', (store) => store.get(name));
    if (!kept) return loadOldDrawing();
    return withLayers(/** @type {KeptDrawing | OneLayer} */ (kept));
  } catch {
    return loadOldDrawing();
  }
}

/**
 * @param {KeptDrawing | OneLayer} kept
 * @returns {KeptDrawing}
 */
export function withLayers(kept) {
  if ('now' in kept) return kept;
  const layers = [{ id: 1, isVisible: true, isLocked: false, opacity: 1 }];
  const step = (/** @type {Patch} */ patch) => ({
    ...{ layers, active: 1 },
    patches: [{ layer: 1, patch }],
  });
  const { width, height, pixels, past, future } = kept;
  return { width, height, now: step(pixels), past: past.map(step), future: future.map(step) };
}

/** @returns {OldDrawing | null} */
function loadOldDrawing() {
  try {
    const saved = JSON.parse(localStorage.getItem(STORAGE_KEYS.drawing) ?? 'null');
    if (!Array.isArray(saved) || !String(saved[0]).startsWith(PNG_URL)) return null;
    const [png, width, height] = saved;
    return { png, width, height };
  } catch {
    return null;
  }
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>}
 */
async function inStore(mode, act) {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await finished(opening);
  try {
    return await finished(act(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function finished(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
