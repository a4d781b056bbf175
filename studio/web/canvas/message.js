/** A message over the canvas for a while; nothing moves for it. */
import { element } from '../lib/dom.js';

const SHOWN_MS = 8000;

export class Message {
  #line;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {HTMLElement} line */
  constructor(line) {
    this.#line = line;
  }

  /**
   * @param {string} text empty for none
   * @param {{ action: string, label: string }} [offer] what a button beside it does
   */
  show(text, offer) {
    clearTimeout(this.#timer);
    this.#line.textContent = text;
    if (offer) {
      const button = element('button', { type: 'button' }, offer.label);
      button.dataset.action = offer.action;
      this.#line.append(' ', button);
    }
    if (text) this.#timer = setTimeout(() => this.show(''), SHOWN_MS);
  }
}
