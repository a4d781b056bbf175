/** A range of numbers: two thumbs on one track, and a box for each end. */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

/**
 * @typedef {object} RangeOptions
 * @property {string} label of the field
 * @property {number} minimum
 * @property {number} maximum
 * @property {number} step of the thumbs
 * @property {[low: number, high: number]} range at the start
 */

export class RangeSlider {
  root = element('div', { className: 'range-slider' });
  #track = element('div', { className: 'range-track' });
  /** Thumb and box of each end. @type {{ thumb: HTMLInputElement, box: HTMLInputElement }[]} */
  #ends;
  #bounds;

  /** @param {RangeOptions} options; the root's `input` event tells of changes */
  constructor({ label, minimum, maximum, step, range }) {
    this.#bounds = { minimum, maximum };
    const names = [t('page.grid.from_value', { label }), t('page.grid.to_value', { label })];
    this.#ends = names.map((ariaLabel, index) => {
      const common = { min: String(minimum), max: String(maximum), ariaLabel };
      const thumb = element('input', { ...common, type: 'range', step: String(step) });
      const box = element('input', { ...common, type: 'number', step: 'any' });
      thumb.addEventListener('input', () => this.#set(index, thumb.valueAsNumber));
      box.addEventListener('change', () => this.#set(index, box.valueAsNumber));
      return { thumb, box };
    });
    const [low, high] = this.#ends;
    this.#track.append(low.thumb, high.thumb);
    this.root.append(low.box, this.#track, high.box);
    this.#show(range);
  }

  get low() {
    return this.#ends[0].box.valueAsNumber;
  }

  get high() {
    return this.#ends[1].box.valueAsNumber;
  }

  /**
   * @param {number} index of the end
   * @param {number} value beyond the other end it moves that one, too
   */
  #set(index, value) {
    const { minimum, maximum } = this.#bounds;
    const fallback = index ? this.high : this.low;
    const bounded = Math.min(maximum, Math.max(minimum, Number.isFinite(value) ? value : fallback));
    this.#show(
      index ? [Math.min(this.low, bounded), bounded] : [bounded, Math.max(this.high, bounded)],
    );
    this.root.dispatchEvent(new Event('input', { bubbles: true }));
  }

  /** @param {[low: number, high: number]} range */
  #show(range) {
    const { minimum, maximum } = this.#bounds;
    for (const [index, { thumb, box }] of this.#ends.entries()) {
      thumb.value = String(range[index]);
      box.value = String(range[index]);
    }
    const [from, to] = range.map((value) => (100 * (value - minimum)) / (maximum - minimum));
    this.#track.style.setProperty('--from', `${from}%`);
    this.#track.style.setProperty('--to', `${to}%`);
  }
}
