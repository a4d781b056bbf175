/**
 * The finished runs of this browser tab, with their settings: what the run strip shows.
 *
 * @import { Run } from './run-state.js'
 * @import { Settings } from './settings.js'
 *
 * @typedef {object} FinishedRun
 * @property {Run} run
 * @property {Settings | null} settings that made it; null where they are not known
 * @property {number} ended_at milliseconds since 1970
 */
import { STORAGE_KEYS } from '../lib/storage.js';

export const MAX_RUNS = 24;

export class SessionRuns {
  #storage;
  /** @type {FinishedRun[]} */
  #runs;

  /** @param {Pick<Storage, 'getItem' | 'setItem'>} storage */
  constructor(storage) {
    this.#storage = storage;
    this.#runs = this.#read();
  }

  /**
   * @param {string} theme a slug
   * @returns {FinishedRun[]} those of a theme, oldest first
   */
  of(theme) {
    return this.#runs.filter(({ run }) => run.theme === theme);
  }

  /** @param {string} id */
  get(id) {
    return this.#runs.find(({ run }) => run.id === id);
  }

  /**
   * Adds a run, or replaces what is stored of it; the oldest ones over MAX_RUNS are dropped.
   *
   * @param {FinishedRun} finished
   */
  put(finished) {
    const index = this.#runs.findIndex(({ run }) => run.id === finished.run.id);
    if (index >= 0) {
      const { settings, ended_at } = this.#runs[index];
      this.#runs[index] = { ...finished, ended_at, settings: finished.settings ?? settings };
    } else this.#runs = [...this.#runs, finished].slice(-MAX_RUNS);
    this.#write();
  }

  /** @param {string} id of a run whose images are gone */
  remove(id) {
    this.#runs = this.#runs.filter(({ run }) => run.id !== id);
    this.#write();
  }

  /** @returns {FinishedRun[]} */
  #read() {
    try {
      const stored = JSON.parse(this.#storage.getItem(STORAGE_KEYS.runs) ?? '[]');
      return Array.isArray(stored) ? stored : [];
    } catch {
      return [];
    }
  }

  #write() {
    try {
      this.#storage.setItem(STORAGE_KEYS.runs, JSON.stringify(this.#runs));
    } catch {
      // Storage is blocked or full: the runs are there until the page is left.
    }
  }
}
