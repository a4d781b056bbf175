/** The live preview on the canvas: an image that is asked for when the hand rests, out of the hand's way. */
import { find } from '../lib/dom.js';
import { whenIdle } from './idle.js';

const ASK_AFTER_MS = 500;

export class LivePreview {
  #frame;
  #image;
  #ask;
  #isOn = false;
  #cancel = () => {};

  /**
   * @param {HTMLElement} frame
   * @param {() => void} ask is called when a preview is due
   */
  constructor(frame, ask) {
    this.#frame = frame;
    this.#image = find(frame, '.sketch-preview', HTMLImageElement);
    this.#ask = ask;
  }

  /** @returns {boolean} whether it is on from now on */
  toggle() {
    this.#isOn = !this.#isOn;
    this.#cancel();
    if (this.#isOn) this.#ask();
    else this.show('', '');
    return this.#isOn;
  }

  /**
   * @param {string} src empty for none
   * @param {string} about
   */
  show(src, about) {
    this.#image.alt = about;
    if (src) this.#image.src = src;
    this.#image.hidden = !src || !this.#isOn;
  }

  /** The drawing has changed. */
  changed() {
    this.#cancel();
    if (this.#isOn) this.#cancel = whenIdle(this.#ask, ASK_AFTER_MS);
  }

  /**
   * Goes to the corner of the other side.
   *
   * @param {{ clientX: number }} pointer
   */
  dodge({ clientX }) {
    if (!this.#isOn) return;
    const { left, width } = this.#frame.getBoundingClientRect();
    this.#frame.classList.toggle('at-right', clientX > left + width / 2);
  }
}
