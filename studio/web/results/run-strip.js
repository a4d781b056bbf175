/**
 * The runs of this tab and theme as small 2 × 2 images, to flip through.
 *
 * @import { FinishedRun } from './session-runs.js'
 */
import { element, findAll } from '../lib/dom.js';
import { formatTime, t } from '../lib/i18n.js';
import { roveFocus } from '../lib/roving-focus.js';
import { SLOTS } from './run-state.js';

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
    roveFocus(this.#items, 'button, a');
  }

  /**
   * @param {readonly FinishedRun[]} runs oldest first
   * @param {string} shown the id of the run that the cards show
   */
  show(runs, shown) {
    const theme = runs.at(0)?.run.theme ?? '';
    this.#all.href = theme ? `/history?theme=${encodeURIComponent(theme)}` : '/history';
    const newest = [...runs].reverse();
    const key = newest.map(({ run }) => `${run.id}${run.selected_slot}`).join();
    if (key !== this.#drawn) {
      this.#drawn = key;
      this.#items.replaceChildren(...newest.map((each) => runButton(each)));
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
  const time = formatTime(new Date(ended_at).toISOString(), { timeStyle: 'short' });
  const label = t('studio.run_at', { time });
  const button = element('button', { type: 'button', ariaLabel: label, title: label });
  button.dataset.run = run.id;
  for (const slot of SLOTS) {
    const { image, state } = run.cards[slot];
    if (state !== 'done') button.append(element('i'));
    else {
      const picture = element('img', { src: image, alt: '', loading: 'lazy', decoding: 'async' });
      picture.classList.toggle('picked', run.selected_slot === slot);
      button.append(picture);
    }
  }
  return button;
}
