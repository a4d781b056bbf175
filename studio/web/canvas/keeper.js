/**
 * Has the browser keep a drawing, some time after each change.
 *
 * @import { KeptDrawing } from './layers.js'
 * @import { OldDrawing } from './autosave.js'
 */
import { loadDrawing, saveDrawing } from './autosave.js';
import { whenIdle } from './idle.js';

const SAVE_AFTER_MS = 400;

export class Keeper {
  /** Whether the browser keeps the drawing as it is now. */
  saved = true;
  #name;
  #read;
  #write;
  /** Counts the changes: one may come while an earlier one is written. */
  #changes = 0;
  #cancel = () => {};

  /**
   * @param {() => string | null} name under which it is kept; null or empty keeps nothing
   * @param {() => KeptDrawing | null} read the drawing as it is; null forgets it
   * @param {typeof saveDrawing} write
   */
  constructor(name, read, write = saveDrawing) {
    this.#name = name;
    this.#read = read;
    this.#write = write;
  }

  changed() {
    this.#changes += 1;
    this.saved = false;
    this.#cancel();
    this.#cancel = whenIdle(() => this.save(), SAVE_AFTER_MS);
  }

  /** Keeps what has changed at once. */
  async save() {
    this.#cancel();
    const name = this.#name();
    if (this.saved || !name) return;
    const written = this.#changes;
    await this.#write(name, this.#read());
    if (written === this.#changes) this.saved = true;
  }

  /** @returns {Promise<KeptDrawing | OldDrawing | null>} what is kept */
  async load() {
    const name = this.#name();
    return name ? loadDrawing(name) : null;
  }
}
