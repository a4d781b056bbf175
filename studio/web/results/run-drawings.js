/**
 * Which drawing each of this browser's runs was made from, as a digest: the server stores the drawing in
 * another form, which cannot be compared with what is on the canvas.
 */
import { STORAGE_KEYS } from '../lib/storage.js';
import { digest } from './settings.js';

export const MAX_DRAWINGS = 60;

export class RunDrawings {
  #storage;
  /** @type {Map<string, string>} by run, the newest last */
  #digests;

  /** @param {() => Pick<Storage, 'getItem' | 'setItem'>} storage throws where the browser blocks it */
  constructor(storage) {
    this.#storage = storage;
    this.#digests = this.#read();
  }

  /**
   * @param {string} run
   * @returns {string | null} null where it is not known
   */
  get(run) {
    return this.#digests.get(run) ?? null;
  }

  /** @param {string} run whether it was started, or continued from, in this browser */
  has(run) {
    return this.#digests.has(run);
  }

  /**
   * @param {string} run
   * @param {string} drawing
   */
  note(run, drawing) {
    this.#digests = this.#read(); // Another tab may have noted others.
    this.#digests.delete(run);
    this.#digests.set(run, drawing);
    try {
      const newest = [...this.#digests].slice(-MAX_DRAWINGS);
      this.#storage().setItem(STORAGE_KEYS.runDrawings, JSON.stringify(newest));
    } catch {
      // Storage is blocked or full: they are known until the page is left.
    }
  }

  /** @returns {Map<string, string>} */
  #read() {
    try {
      const stored = JSON.parse(this.#storage().getItem(STORAGE_KEYS.runDrawings) ?? '[]');
      return new Map(Array.isArray(stored) ? stored : []);
    } catch {
      return this.#digests ?? new Map();
    }
  }
}

/** The drawing on the canvas, digested once after each change of it. */
export class CurrentDrawing {
  /** @type {string | null} */
  #digest = null;

  constructor() {
    document.addEventListener('doodle-change', () => {
      this.#digest = null;
    });
  }

  /** @returns {string | null} empty for an empty canvas; null without one */
  get digest() {
    // The canvas gets what this browser kept without telling, while the page opens.
    if (!document.documentElement.dataset.opened) return digestOfCanvas();
    this.#digest ??= digestOfCanvas();
    return this.#digest;
  }
}

/** @returns {string | null} */
function digestOfCanvas() {
  const canvas = document.querySelector('doodle-canvas');
  if (!canvas || !('getPng' in canvas) || typeof canvas.getPng !== 'function') return null;
  const png = /** @type {string | null} */ (canvas.getPng());
  return png === null ? '' : digest(png);
}
