/**
 * Drawings that come from elsewhere: from Python, from a file or an address, or from what this browser kept.
 *
 * @import { DoodleCanvas } from './doodle-canvas.js'
 * @import { KeptDrawing } from './layers.js'
 * @import { OldDrawing } from './autosave.js'
 */
import { ImageError, imageUrl, loadImage } from './images.js';

export class Incoming {
  #canvas;
  /** Whether anything was drawn, set or cleared since the page was opened. */
  #isTouched = false;
  /** @type {KeptDrawing | OldDrawing | null} what the browser kept, until it is shown or replaced */
  #restored = null;
  /** Counts the images that are to become the drawing: only the last one does. */
  #count = 0;

  /** @param {DoodleCanvas} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
  }

  /** The drawing is another one now: what the browser kept of an earlier one no longer comes back. */
  touched() {
    this.#isTouched = true;
  }

  /**
   * @param {string} png a data: URL of the base image's size
   * @returns {Promise<boolean>} whether it replaced a drawing
   */
  async set(png) {
    this.touched();
    const mayReplace = !this.#canvas.layers.isBare;
    return (await this.#replace(() => loadImage(png), false)) && mayReplace;
  }

  /** @param {string | File} source an address or a file of any kind that the browser shows */
  async importFrom(source) {
    await this.#replace(
      async () => loadImage(source instanceof File ? imageUrl(source) : source),
      true,
    );
  }

  /** @param {KeptDrawing | OldDrawing | null} kept is shown once the canvas has its size */
  restore(kept) {
    this.#restored = kept;
    this.resume();
  }

  /** Brings back what the browser kept, where it has the size of the base image and nothing was drawn yet. */
  resume() {
    const [kept, { layers }] = [this.#restored, this.#canvas];
    if (!kept || this.#isTouched || kept.width !== layers.width || kept.height !== layers.height)
      return;
    this.#restored = null;
    if ('png' in kept) this.#replace(() => loadImage(kept.png), false);
    else layers.resume(kept);
  }

  /**
   * @param {() => Promise<HTMLImageElement>} load
   * @param {boolean} fit see `LayerStack.replace`
   * @returns {Promise<boolean>} whether the image is the drawing now
   */
  async #replace(load, fit) {
    this.#count += 1;
    const turn = this.#count;
    try {
      const image = await load();
      if (turn !== this.#count) return false;
      this.#canvas.commitSelection();
      this.#canvas.layers.replace(image, fit);
      this.#canvas.changed();
      return true;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.#canvas.showMessage(this.#canvas.text(error.textId));
      return false;
    }
  }
}
