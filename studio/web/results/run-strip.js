/**
 * The latest runs of the theme as small 2 × 2 images, to flip through by click or by arrow keys.
 *
 * @import { FinishedRun } from './stored-runs.js'
 */
import { element, findAll } from '../lib/dom.js';
import { formatTime, t } from '../lib/i18n.js';
import { roveFocus } from '../lib/roving-focus.js';
import { SLOTS } from './run-state.js';

/** Pixels of the longest side of a thumbnail. */
const THUMBNAIL = 96;

export class RunStrip {
  #items = element('div', { className: 'strip-runs', role: 'toolbar' });
  #all = element('a', { className: 'strip-all' });
  /** @type {string} what is drawn */
  #drawn = '';

  /** @param {(id: string) => void} onChoose */
  constructor(onChoose) {
    this.#items.ariaLabel = t('studio.runs');
    this.#all.textContent = t('studio.runs_all');
    const title = element('span', { className: 'strip-title' }, t('studio.runs'));
    this.element = element('div', { className: 'run-strip' }, title, this.#items, this.#all);
    this.#items.addEventListener('click', ({ target }) => {
      const button = target instanceof Element ? target.closest('[data-run]') : null;
      if (button instanceof HTMLElement) onChoose(button.dataset.run ?? '');
    });
    roveFocus(this.#items, 'button');
    this.#items.addEventListener('focusin', ({ target, relatedTarget }) => {
      const isMove = relatedTarget instanceof Node && this.#items.contains(relatedTarget);
      if (isMove && target instanceof HTMLElement) onChoose(target.dataset.run ?? '');
    });
  }

  /**
   * @param {string} theme its slug
   * @param {readonly FinishedRun[]} runs oldest first
   * @param {string} shown the id of the run that the cards show
   */
  show(theme, runs, shown) {
    this.#all.href = theme ? `/history?theme=${encodeURIComponent(theme)}` : '/history';
    const newest = [...runs].reverse();
    const key = newest.map(({ run }) => `${run.id}${run.selected_slot}`).join();
    if (key !== this.#drawn) {
      this.#drawn = key;
      const focused = document.activeElement;
      const had = focused instanceof HTMLElement && this.#items.contains(focused);
      const run = had ? focused.dataset.run : '';
      this.#items.replaceChildren(...newest.map((each) => runButton(each)));
      const again = run && this.#items.querySelector(`[data-run="${run}"]`);
      if (again instanceof HTMLElement) again.focus();
    }
    for (const button of findAll(this.#items, '[data-run]', HTMLElement)) {
      const isShown = button.dataset.run === shown;
      button.setAttribute('aria-pressed', String(isShown));
      button.tabIndex = isShown || (!shown && button === this.#items.firstChild) ? 0 : -1;
    }
    this.element.classList.toggle('empty', runs.length === 0);
  }
}

/** @param {FinishedRun} finished */
function runButton({ run, ended_at }) {
  const label = runName(ended_at);
  const button = element('button', { type: 'button', ariaLabel: label, title: label });
  button.dataset.run = run.id;
  for (const slot of SLOTS) {
    const { image, thumbnail, state } = run.cards[slot];
    if (state !== 'done') button.append(element('i'));
    else {
      const picture = element('img', { alt: '', loading: 'lazy', decoding: 'async' });
      picture.src = thumbnail ? `${thumbnail}?size=${THUMBNAIL}` : image;
      picture.classList.toggle('picked', run.selected_slot === slot);
      button.append(picture);
    }
  }
  return button;
}

/** @param {number} endedAt milliseconds since 1970 */
export function runName(endedAt) {
  const isToday = new Date(endedAt).toDateString() === new Date().toDateString();
  const date = isToday ? {} : { dateStyle: /** @type {const} */ ('medium') };
  const time = formatTime(new Date(endedAt).toISOString(), { timeStyle: 'short', ...date });
  return t('studio.run_at', { time });
}
