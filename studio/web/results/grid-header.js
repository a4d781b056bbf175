/**
 * The line above the cards: what the server does before the first image, the run's time and metrics, and
 * what can be done with the run as a whole.
 *
 * @import { Run } from './run-state.js'
 *
 * @typedef {object} Actions
 * @property {() => void} compare
 * @property {() => void} continueRun
 * @property {(isHeld: boolean) => void} holdDoodle
 */
import { element } from '../lib/dom.js';
import { formatNumber, t } from '../lib/i18n.js';
import { icon } from '../lib/icons.js';
import { metricText, SLOTS } from './run-state.js';

export class GridHeader {
  #warmUp = element('span', { className: 'warm-up' });
  #metrics = element('div', { className: 'metrics' });
  #continue;
  #doodle;
  #compare;
  #sheet = element('button', { type: 'button', className: 'sheet-handle', ariaExpanded: 'false' });

  /** @param {Actions} actions */
  constructor({ compare, continueRun, holdDoodle }) {
    this.#continue = quietButton('continue', t('studio.run_continue'), continueRun);
    this.#compare = quietButton('compare', t('studio.results_compare'), compare);
    this.#compare.append(element('span', {}, t('studio.results_compare')));
    this.#doodle = quietButton('doodle', t('studio.hold_doodle'), () => {});
    this.#doodle.setAttribute('aria-keyshortcuts', 'D');
    holdButton(this.#doodle, holdDoodle);
    this.#sheet.ariaLabel = t('studio.results_expand');
    this.#sheet.addEventListener('click', () => this.#toggleSheet());
    const acts = element('div', { className: 'run-acts' });
    acts.append(this.#continue, this.#doodle, this.#compare);
    this.element = element('header', {}, this.#sheet, this.#warmUp, this.#metrics, acts);
  }

  /** @param {string} text empty for nothing */
  set warmUp(text) {
    this.#warmUp.textContent = text;
  }

  /**
   * @param {Run} run
   * @param {number} doneCount how many of its variants are there
   * @param {boolean} canContinue whether the page can go on from it
   */
  show(run, doneCount, canContinue) {
    this.#showMetrics(run, doneCount);
    this.#continue.hidden = !canContinue || doneCount === 0;
    this.#doodle.hidden = doneCount === 0;
    this.#compare.hidden = doneCount < 2;
  }

  /**
   * @param {Run} run
   * @param {number} doneCount
   */
  #showMetrics({ metrics, cards }, doneCount) {
    const chips = metrics.map((metric) => {
      const { text, about } = metricText(metric);
      const chip = element('span', { className: 'chip', title: about, tabIndex: 0 }, text);
      chip.dataset.level = metric.level;
      chip.setAttribute('aria-description', about);
      return chip;
    });
    if (doneCount === SLOTS.length) {
      const seconds = SLOTS.reduce((sum, slot) => sum + cards[slot].seconds, 0);
      const count = formatNumber(seconds, 1);
      chips.unshift(element('span', { className: 'took' }, t('page.duration_seconds', { count })));
    }
    this.#metrics.replaceChildren(...chips);
  }

  /** On a phone the results are a sheet of thumbnails, which this opens. */
  #toggleSheet() {
    const root = document.documentElement;
    const isOpen = !('resultsOpen' in root.dataset);
    if (isOpen) root.dataset.resultsOpen = '';
    else delete root.dataset.resultsOpen;
    this.#sheet.ariaExpanded = String(isOpen);
  }
}

/**
 * @param {string} name of its icon
 * @param {string} label
 * @param {() => void} act
 */
function quietButton(name, label, act) {
  const button = element('button', { type: 'button', className: 'quiet' }, icon(name));
  Object.assign(button, { title: label, ariaLabel: label });
  button.addEventListener('click', act);
  return button;
}

/**
 * A button that acts for as long as it is pressed, by pointer or by key.
 *
 * @param {HTMLButtonElement} button
 * @param {(isHeld: boolean) => void} hold
 */
function holdButton(button, hold) {
  button.addEventListener('pointerdown', (event) => {
    button.setPointerCapture?.(event.pointerId);
    hold(true);
  });
  for (const end of ['pointerup', 'pointercancel', 'blur']) {
    button.addEventListener(end, () => hold(false));
  }
  const isKey = (/** @type {KeyboardEvent} */ { key }) => key === ' ' || key === 'Enter';
  button.addEventListener('keydown', (event) => isKey(event) && hold(true));
  button.addEventListener('keyup', (event) => isKey(event) && hold(false));
  button.addEventListener('contextmenu', (event) => event.preventDefault()); // A long press of a finger.
}
