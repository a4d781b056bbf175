/**
 * The canvas of the studio page before Gradio has loaded: it is in the page's HTML, and is drawn on at once.
 *
 * What it needs is in the page as JSON (`canvas_start` in `studio/ui/sketch_canvas.py`). It opens over the
 * base image of the last draft, which is the one that Gradio will show.
 *
 * @import { Backdrop } from '../canvas/backdrop.js'
 * @import { Texts } from '../canvas/doodle-canvas.js'
 * @import { Color } from '../canvas/markup.js'
 * @typedef {object} CanvasStart
 * @property {Texts} texts
 * @property {readonly Color[]} palette
 * @property {readonly (Backdrop & { id: string })[]} bases the default first; none while the store is away
 */
import { DoodleCanvas } from '../canvas/doodle-canvas.js';
import { HeldPointers } from '../canvas/held-pointers.js';
import { placeCanvas } from '../canvas/index.js';
import { lastBaseImage } from './drafts.js';

/** How long the page waits for the drawing that the browser stored, in milliseconds. */
const MAX_RESTORE_MS = 1500;

/** A canvas outside of Gradio's components, until these are shown. */
export class OpeningCanvas {
  #held = new HeldPointers(document);
  #restored;

  /**
   * @param {DoodleCanvas} canvas
   * @param {CanvasStart} start
   */
  constructor(canvas, { texts, palette, bases }) {
    const last = lastBaseImage();
    const base = bases.find(({ id }) => id === last) ?? bases[0];
    Object.assign(canvas, { texts, palette });
    if (base) canvas.base = base;
    this.#restored = canvas.restore();
  }

  /**
   * Shows the canvas among Gradio's components, as it is, once no pointer is down.
   *
   * @param {() => void} open shows these components; called in the same frame
   */
  async handOver(open) {
    // The page opens also where what was kept cannot be shown, or the browser's storage does not answer.
    const waited = new Promise((resolve) => setTimeout(resolve, MAX_RESTORE_MS));
    await Promise.race([Promise.allSettled([this.#restored]), waited]);
    do {
      await this.#held.released();
      await new Promise(requestAnimationFrame);
    } while (this.#held.any);
    placeCanvas();
    open();
  }
}

/** @returns {OpeningCanvas | null} null on a page without a canvas */
function openingCanvas() {
  const canvas = document.querySelector('doodle-canvas');
  const start = document.querySelector('#canvas-start');
  if (!(canvas instanceof DoodleCanvas) || !start) return null;
  return new OpeningCanvas(canvas, JSON.parse(start.textContent ?? ''));
}

const opening = openingCanvas();

/**
 * Shows Gradio's components, with the canvas among them.
 *
 * @param {() => void} open is called in a frame, once nothing is being drawn
 */
export function showComponents(open) {
  if (opening) opening.handOver(open);
  else requestAnimationFrame(open);
}
