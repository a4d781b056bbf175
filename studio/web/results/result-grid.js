/**
 * `<result-grid>`: the four cards of a run, its metrics, and the runs before as a strip.
 *
 * The studio page sets `run` with each event; from a click on Generate until the server answers, `start`
 * has it show what is going to happen.
 *
 * @import { Act } from './card.js'
 * @import { Run, Slot } from './run-state.js'
 * @import { FinishedRun } from './session-runs.js'
 */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { icon } from '../lib/icons.js';
import { CardView } from './card.js';
import { exampleUrl, FirstRun } from './first-run.js';
import { openResults } from './open-results.js';
import { canvasHasFocus, drawOver, pickVariant, reuseSeed } from './page-actions.js';
import { isRunning, loseUnfinished, metricText, SLOTS, uniformRun } from './run-state.js';
import { RunStrip } from './run-strip.js';
import { SessionRuns } from './session-runs.js';
import { currentSettings, currentTheme, isEarlier } from './settings.js';

const IDLE = uniformRun('idle', 'idle');
/** Milliseconds after the last input until the page's settings are compared with the run's. */
const SETTLE_MS = 600;

export class ResultGrid extends HTMLElement {
  /** @type {Run} as the server sent it last */
  #run = IDLE;
  /** @type {Run | null} the run before a click on Generate */
  #before = null;
  /** @type {string} the id of the run of the strip that is shown; empty for the current one */
  #chosen = '';
  /** @type {string} the text of the live region's run and cards, so that each is said once */
  #said = '';
  #runs = new SessionRuns(sessionStorage);
  #cards = SLOTS.map((slot) => new CardView(slot, (act, of) => this.#act(act, of)));
  #metrics = element('div', { className: 'metrics' });
  #compareAll = element('button', { type: 'button', className: 'quiet' });
  #status = element('p', { className: 'visually-hidden', role: 'status' });
  #strip = new RunStrip((id) => this.#choose(id));
  #firstRun = new FirstRun();
  #settling = 0;

  connectedCallback() {
    if (this.childElementCount) return;
    this.#compareAll.append(icon('compare'), t('studio.results_compare'));
    this.#compareAll.addEventListener('click', () => this.#compareFour());
    const header = element('header', {}, this.#metrics, this.#compareAll);
    const cards = element('div', { className: 'cards' });
    cards.append(...this.#cards.map((card) => card.element), this.#firstRun.element);
    this.append(header, cards, this.#strip.element, this.#status);
    this.addEventListener('connection-lost', (event) => this.#lose(event));
    this.addEventListener('keydown', (event) => this.#cardKey(event));
    document.addEventListener('keydown', (event) => this.#pageKey(event));
    for (const type of ['input', 'change', 'pointerup', 'keyup', 'draft-stored']) {
      document.addEventListener(type, () => this.#settle());
    }
    this.#draw();
  }

  /** @returns {Run} the run that the page follows, or the last one */
  get run() {
    return this.#run;
  }

  /** @param {Run | null} run as the server sent it */
  set run(run) {
    if (!run) return;
    if (run.phase === 'refused') this.#run = this.#before ?? this.#run;
    else this.#follow(run);
    this.#before = null;
    this.#draw();
    this.#announce();
    this.dispatchEvent(new CustomEvent('run-changed', { bubbles: true }));
  }

  /** Shows that a run starts, before the server has answered. */
  start() {
    if (isRunning(this.#run)) return;
    this.#before = this.#run;
    this.#chosen = '';
    document.dispatchEvent(new CustomEvent('flush-draft')); // What was typed just now belongs to the run.
    this.#settings = currentSettings();
    this.#run = { ...uniformRun('starting', 'starting'), theme: this.#run.theme };
    this.#draw();
    this.dispatchEvent(new CustomEvent('run-changed', { bubbles: true }));
  }

  /** Shows what was there before `start`: the server has refused the run. */
  refuse() {
    if (this.#run.phase === 'starting') this.run = uniformRun('refused', 'idle');
  }

  /** @param {Run} run */
  #follow(run) {
    const isNew = run.id !== this.#run.id;
    if (isNew) this.#chosen = '';
    const known = this.#runs.get(run.id);
    const picked =
      run.selected_slot || (isNew ? known?.run.selected_slot : this.#run.selected_slot) || '';
    this.#run = { ...run, selected_slot: picked };
    const isDone = Object.values(run.cards).some(({ state }) => state === 'done');
    if (isRunning(run)) this.#settings ??= currentSettings();
    else if (isDone) this.#store(run.phase === 'ended' ? this.#settings : null);
    if (!isRunning(run)) this.#settings = null;
  }

  /** @type {ReturnType<typeof currentSettings>} of the run that goes on */
  #settings = null;

  /** @param {FinishedRun['settings']} settings */
  #store(settings) {
    this.#runs.put({ run: this.#run, settings, ended_at: Date.now() });
  }

  /** @returns {Run} that the cards show */
  get shown() {
    const chosen = this.#chosen && this.#runs.get(this.#chosen)?.run;
    if (chosen || this.#run.phase !== 'idle') return chosen || this.#run;
    return this.#runs.of(currentTheme()).at(-1)?.run ?? this.#run;
  }

  #draw() {
    const run = this.shown;
    const now = currentSettings();
    const made = this.#runs.get(run.id)?.settings;
    const theme = run.theme || currentTheme();
    const isFirst = run.phase === 'idle';
    for (const card of this.#cards) {
      const example = isFirst ? exampleUrl(theme, card.slot) : '';
      card.show(run, { isEarlier: isEarlier(made, now, card.slot), example });
    }
    this.dataset.phase = run.phase;
    this.#firstRun.show(isFirst);
    this.#drawMetrics(run);
    this.#compareAll.hidden = this.#doneSlots(run).length < 2;
    this.#strip.show(this.#runs.of(theme), run.id);
  }

  /** @param {Run} run */
  #drawMetrics({ metrics }) {
    const chips = metrics.map((metric) => {
      const { text, about } = metricText(metric);
      const chip = element('span', { className: 'chip', title: about, tabIndex: 0 }, text);
      chip.dataset.level = metric.level;
      chip.setAttribute('aria-description', about);
      return chip;
    });
    this.#metrics.replaceChildren(...chips);
  }

  /** @param {Run} run */
  #doneSlots(run) {
    return SLOTS.filter((slot) => run.cards[slot]?.state === 'done');
  }

  /** Says once of each variant that it is ready, without interrupting what is read. */
  #announce() {
    const ready = this.#doneSlots(this.#run);
    const key = this.#run.id + ready.join('');
    if (key === this.#said || !isRunning(this.#run)) return;
    this.#said = key;
    const last = ready.at(-1);
    this.#status.textContent = last ? t('studio.variant_ready', { slot: last }) : '';
  }

  #settle() {
    clearTimeout(this.#settling);
    this.#settling = window.setTimeout(() => this.#draw(), SETTLE_MS);
  }

  /** @param {Event} event that is refused where a run was lost with the connection */
  #lose(event) {
    if (!isRunning(this.#run)) return;
    event.preventDefault();
    this.#run = loseUnfinished(this.#run);
    this.#draw();
    this.dispatchEvent(new CustomEvent('run-changed', { bubbles: true }));
  }

  /** @param {string} id of a run of the strip; the current one's or empty for the current one */
  #choose(id) {
    this.#chosen = id === this.#run.id ? '' : id;
    this.#draw();
  }

  /**
   * @param {Act} act
   * @param {Slot} slot
   */
  #act(act, slot) {
    const run = this.shown;
    const card = run.cards[slot];
    if (card.state !== 'done') return;
    if (act === 'open') this.#open(slot, 'single');
    else if (act === 'compare') this.#open(slot, 'slider');
    else if (act === 'seed') reuseSeed(card.request_seed);
    else if (act === 'edit') drawOver(card.image);
    else this.#pick(run, slot);
  }

  /**
   * @param {Run} run
   * @param {Slot} slot
   */
  async #pick(run, slot) {
    const picked = run.selected_slot === slot ? '' : slot;
    const change = (/** @type {string} */ value) => {
      if (this.#run.id === run.id) this.#run = { ...this.#run, selected_slot: value };
      const known = this.#runs.get(run.id);
      if (known) this.#runs.put({ ...known, run: { ...known.run, selected_slot: value } });
      this.#draw();
    };
    change(picked);
    if (!(await pickVariant(run.id, picked))) change(run.selected_slot);
  }

  /**
   * @param {string} slot
   * @param {'single' | 'slider' | 'side'} mode
   */
  #open(slot, mode) {
    const runs = this.#runs.of(this.shown.theme).map(({ run }) => run);
    openResults(runs, this.shown, slot, mode, (run, of) => this.#pick(run, of));
  }

  #compareFour() {
    this.#open(this.#doneSlots(this.shown)[0], 'side');
  }

  /** @param {KeyboardEvent} event on a card */
  #cardKey(event) {
    const slot = event.target instanceof Element && event.target.closest('[data-slot]');
    if (!(slot instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.altKey) return;
    const of = SLOTS.find((each) => each === slot.dataset.slot);
    if (!of || this.shown.cards[of]?.state !== 'done') return;
    const key = event.key.toLowerCase();
    if (key === 's') this.#act('pick', of);
    else if (key === 'c') this.#act('compare', of);
    else if (key === 'z') this.#act('open', of);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {KeyboardEvent} event anywhere: 1 to 4 focus a card unless somebody types or draws */
  #pageKey(event) {
    const index = ['1', '2', '3', '4'].indexOf(event.key);
    if (index < 0 || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented)
      return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest('input, textarea, select, [contenteditable], dialog')) return;
    if (canvasHasFocus()) return;
    event.preventDefault();
    const { element: card } = this.#cards[index];
    const open = card.querySelector('.open');
    if (open instanceof HTMLButtonElement && !open.hidden) open.focus();
    else card.focus();
  }
}
