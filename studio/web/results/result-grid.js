/**
 * `<result-grid>`: the four cards of a run, its metrics, and the runs before as a strip.
 *
 * The studio page sets `run` with each event; from a click on Generate until the server answers, `start`
 * has it show what is going to happen. Earlier runs come from the server (`stored-runs.js`).
 *
 * @import { Act } from './card.js'
 * @import { Run, Slot } from './run-state.js'
 * @import { Settings } from './settings.js'
 * @import { Drawing, FinishedRun } from './stored-runs.js'
 */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { CardView } from './card.js';
import { exampleUrl, FirstRun } from './first-run.js';
import { GridHeader } from './grid-header.js';
import { openResults } from './open-results.js';
import {
  baseImageAddress,
  canvasHasFocus,
  continueRun,
  drawingOnCanvas,
  drawOver,
  pickVariant,
  reuseSeed,
} from './page-actions.js';
import { CurrentDrawing, RunDrawings } from './run-drawings.js';
import { isRunning, loseUnfinished, SLOTS, uniformRun } from './run-state.js';
import { RunStrip } from './run-strip.js';
import { currentNames, currentSettings, currentTheme, isEarlier } from './settings.js';
import { StoredRuns } from './stored-runs.js';

const IDLE = uniformRun('idle', 'idle');
/** @type {{ settings: Settings | null, drawing: Drawing | null }} what a run was made with */
const UNKNOWN = { settings: null, drawing: null };
/** Milliseconds after the last input until the page's settings are compared with the run's. */
const SETTLE_MS = 600;
/** Milliseconds between two looks for what other tabs have made, as the page gets the focus. */
const REFRESH_MS = 3000;
/** Where a letter is typed. */
const TYPING = 'input, textarea, select, [contenteditable], dialog';

export class ResultGrid extends HTMLElement {
  /** @type {Run} as the server sent it last */
  #run = IDLE;
  /** @type {Run | null} the run before a click on Generate */
  #before = null;
  /** Of the run that goes on, where it was started here. */
  #made = UNKNOWN;
  /** @type {string} the id of the run of the strip that is shown; empty for the current one */
  #chosen = '';
  /** @type {string} the id of the run whose drawing comes onto the canvas next; empty for none */
  #continued = '';
  /** @type {string} the text of the live region's run and cards, so that each is said once */
  #said = '';
  #runs = new StoredRuns();
  #drawings = new RunDrawings(() => localStorage);
  #canvas = new CurrentDrawing();
  /** @type {string} the theme whose runs were asked for */
  #theme = '';
  #refreshedAt = 0;
  #settling = 0;
  #isDoodleHeld = false;
  #cards = SLOTS.map((slot) => new CardView(slot, (act, of) => this.#act(act, of)));
  #status = element('p', { className: 'visually-hidden', role: 'status' });
  #strip = new RunStrip((id) => this.#choose(id));
  #firstRun = new FirstRun();
  #header = new GridHeader({
    compare: () => this.#open(this.#doneSlots(this.shown)[0], 'side'),
    continueRun,
    holdDoodle: (isHeld) => this.#holdDoodle(isHeld),
  });

  connectedCallback() {
    if (this.childElementCount) return;
    const cards = element('div', { className: 'cards' });
    cards.append(...this.#cards.map((card) => card.element), this.#firstRun.element);
    this.append(this.#header.element, cards, this.#strip.element, this.#status);
    this.addEventListener('connection-lost', (event) => this.#lose(event));
    this.addEventListener('keydown', (event) => this.#cardKey(event));
    document.addEventListener('keydown', (event) => this.#pageKey(event));
    document.addEventListener('keyup', ({ key }) => key.toLowerCase() === 'd' && this.#letGo());
    window.addEventListener('blur', () => this.#letGo());
    for (const type of ['input', 'change', 'pointerup', 'keyup', 'draft-stored']) {
      document.addEventListener(type, () => this.#settle());
    }
    document.addEventListener('doodle-change', () => this.#noteContinued());
    window.addEventListener('focus', () => this.#refreshSoon());
    document.addEventListener('visibilitychange', () => document.hidden || this.#refreshSoon());
    this.#draw();
  }

  /** @returns {Run} the run that the page follows, or the last one */
  get run() {
    return this.#run;
  }

  /** @param {Run | null} run as the server sent it */
  set run(run) {
    if (!run) return;
    if (run.phase === 'refused') {
      this.#run = this.#before ?? this.#run;
      this.#made = UNKNOWN;
    } else this.#follow(run);
    this.#before = null;
    this.#draw();
    this.#announce();
    this.dispatchEvent(new CustomEvent('run-changed', { bubbles: true }));
  }

  /** @param {string} text what the server does before the first image; empty for nothing */
  set warmUp(text) {
    this.#header.warmUp = text;
  }

  /** Shows that a run starts, before the server has answered. */
  start() {
    if (isRunning(this.#run)) return;
    this.#before = this.#run;
    this.#chosen = '';
    document.dispatchEvent(new CustomEvent('flush-draft')); // What was typed just now belongs to the run.
    this.#noteMade();
    const names = currentNames();
    this.#run = { ...uniformRun('starting', 'starting'), theme: currentTheme(), names };
    this.#draw();
    this.dispatchEvent(new CustomEvent('run-changed', { bubbles: true }));
  }

  /** Shows what was there before `start`: the server has refused the run. */
  refuse() {
    if (this.#run.phase === 'starting') this.run = uniformRun('refused', 'idle');
  }

  /** @returns {string} the id of the run that is shown, which the page continues from */
  takeRunToContinue() {
    this.#continued = this.shown.id;
    return this.#continued;
  }

  /** Asks the server for the latest runs of the theme that is open. */
  async refresh() {
    const theme = currentTheme();
    this.#theme = theme;
    this.#refreshedAt = Date.now();
    if (!theme) return;
    try {
      await this.#runs.load(theme, baseImageAddress);
    } catch {
      return; // A banner tells of a server that is away; the next look may succeed.
    }
    this.#draw();
  }

  #refreshSoon() {
    if (Date.now() - this.#refreshedAt >= REFRESH_MS) this.refresh();
  }

  #noteMade() {
    const settings = currentSettings(this.#canvas.digest);
    this.#made = { settings, drawing: drawingOnCanvas() };
  }

  /** @param {Run} run */
  #follow(run) {
    const isNew = run.id !== this.#run.id;
    if (isNew) this.#chosen = '';
    const known = this.#runs.get(run.id);
    const picked =
      run.selected_slot || (isNew ? known?.run.selected_slot : this.#run.selected_slot) || '';
    this.#run = { ...run, selected_slot: picked };
    if (isRunning(run)) {
      // Of a run that another page has started nothing is known yet.
      const drawing = this.#made.settings?.drawing;
      if (drawing !== null && drawing !== undefined && !this.#drawings.has(run.id)) {
        this.#drawings.note(run.id, drawing);
      }
      return;
    }
    const isDone = Object.values(run.cards).some(({ state }) => state === 'done');
    if (isDone) this.#store(run.phase === 'ended');
    this.#made = UNKNOWN;
  }

  /** @param {boolean} isFollowed whether its settings are those that were noted at its start */
  #store(isFollowed) {
    const { settings, drawing } = isFollowed ? this.#made : UNKNOWN;
    this.#runs.put({ run: this.#run, settings, drawing, ended_at: Date.now() });
    this.refresh();
  }

  /** @returns {Run} that the cards show */
  get shown() {
    const chosen = this.#chosen && this.#runs.get(this.#chosen)?.run;
    if (chosen || this.#run.phase !== 'idle') return this.#runs.withMetrics(chosen || this.#run);
    // Others' runs are in the strip: whoever comes for the first time sees what to do.
    const own = this.#runs.of(currentTheme()).filter(({ run }) => this.#drawings.has(run.id));
    return this.#runs.withMetrics(own.at(-1)?.run ?? this.#run);
  }

  /** @returns {FinishedRun} the run that is shown */
  get #finished() {
    const { shown } = this;
    const { drawing } = this.#made;
    return (
      this.#runs.get(shown.id) ?? { run: shown, settings: null, drawing, ended_at: Date.now() }
    );
  }

  #draw() {
    const run = this.shown;
    const theme = run.theme || currentTheme();
    const isFirst = run.phase === 'idle';
    const earlier = this.#earlierSlots(run);
    for (const card of this.#cards) {
      const example = isFirst ? exampleUrl(theme, card.slot) : '';
      card.show(run, { isEarlier: earlier.has(card.slot), example });
    }
    this.dataset.phase = run.phase;
    this.#firstRun.show(isFirst);
    this.#header.show(run, this.#doneSlots(run).length, run.id !== '' && !isRunning(this.#run));
    this.#strip.show(theme, this.#runs.of(theme), run.id);
    this.#runs.loadMetrics(run).then((isNew) => isNew && this.#draw());
  }

  /**
   * @param {Run} run
   * @returns {Set<string>} the slots whose images were made with other settings than the page has now
   */
  #earlierSlots(run) {
    const settings = this.#runs.get(run.id)?.settings;
    if (!settings) return new Set();
    const drawing = this.#drawings.get(run.id) ?? settings.drawing;
    const now = currentSettings(drawing === null ? null : this.#canvas.digest);
    const made = { ...settings, drawing };
    return new Set(SLOTS.filter((slot) => isEarlier(made, now, slot)));
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
    this.#settling = window.setTimeout(() => {
      if (currentTheme() !== this.#theme) this.refresh();
      this.#draw();
    }, SETTLE_MS);
  }

  /** The drawing of a run that is continued from has come: in this form the canvas has it from now on. */
  #noteContinued() {
    if (!this.#continued) return;
    const { digest } = this.#canvas;
    if (digest !== null) this.#drawings.note(this.#continued, digest);
    this.#continued = '';
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
   * @returns {Promise<boolean>} whether that was stored
   */
  async #pick(run, slot) {
    const picked = run.selected_slot === slot ? '' : slot;
    const change = (/** @type {string} */ value) => {
      if (this.#run.id === run.id) this.#run = { ...this.#run, selected_slot: value };
      this.#runs.pick(run.id, value);
      this.#draw();
    };
    change(picked);
    const isStored = await pickVariant(run.id, picked);
    if (!isStored) change(run.selected_slot);
    return isStored;
  }

  /**
   * @param {string} slot
   * @param {'single' | 'slider' | 'side'} mode
   */
  #open(slot, mode) {
    const shown = this.#finished;
    const runs = this.#runs.of(shown.run.theme);
    const isThere = runs.some(({ run }) => run.id === shown.run.id);
    const all = isThere ? runs : [...runs, shown];
    openResults(all, shown.run.id, slot, mode, (run, of) => this.#pick(run, of));
  }

  /** @param {boolean} isHeld whether the cards show what they were made from */
  #holdDoodle(isHeld) {
    if (isHeld === this.#isDoodleHeld) return; // A key that is held repeats.
    this.#isDoodleHeld = isHeld;
    const drawing = isHeld ? (this.#finished.drawing ?? drawingOnCanvas()) : null;
    for (const card of this.#cards) card.showDoodle(drawing);
  }

  #letGo() {
    this.#holdDoodle(false);
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

  /** @param {KeyboardEvent} event anywhere: 1 to 4 focus a card, D shows the doodle, unless somebody types or draws */
  #pageKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest(TYPING) || canvasHasFocus()) return;
    const index = ['1', '2', '3', '4'].indexOf(event.key);
    if (index >= 0) this.#focusCard(index);
    else if (event.key.toLowerCase() === 'd') this.#holdDoodle(true);
    else return;
    event.preventDefault();
  }

  /** @param {number} index */
  #focusCard(index) {
    const { element: card } = this.#cards[index];
    const open = card.querySelector('.open');
    if (open instanceof HTMLButtonElement && !open.hidden) open.focus();
    else card.focus();
  }
}
