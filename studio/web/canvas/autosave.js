/**
 * The browser keeps the last drawing, with what can be undone: it outlives a reload or a crash.
 *
 * @import { Drawing } from './layer.js'
 * @typedef {{ width: number, height: number, png: string }} OldDrawing as releases before 2026-12 kept it
 */
import { STORAGE_KEYS } from '../lib/storage.js';

const DATABASE = 'doodle-theme-studio';
const STORE = 'drawings';
const PNG_URL = 'data:image/png;base64,';

/**
 * @param {string} name of the canvas
 * @param {Drawing | null} drawing null forgets it
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
 * @returns {Promise<Drawing | OldDrawing | null>}
 */
export async function loadDrawing(name) {
  try {
    const kept = await inStore('readonly', (store) => store.get(name));
    return /** @type {Drawing | undefined} */ (kept) ?? loadOldDrawing();
  } catch {
    return loadOldDrawing();
  }
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
