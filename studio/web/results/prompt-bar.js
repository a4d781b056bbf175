/**
 * The prompt bar: Generate, Enter in the prompt, Escape as Stop, the prompt's length, the seed as random or
 * fixed, a language that recipes do not read, and the question before a run without a doodle.
 *
 * @import { ResultGrid } from './result-grid.js'
 */
import { closest, element, find } from '../lib/dom.js';
import { duration } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { hintKey } from '../lib/keys.js';
import { STORAGE_KEYS } from '../lib/storage.js';
import { showCanvas, trySample } from './first-run.js';
import { canvasHasFocus } from './page-actions.js';
import { PromptLanguage } from './prompt-language.js';
import { isRunning, SLOTS } from './run-state.js';

/** Characters that the server takes, and from how many on they are counted on the page. */
const MAX_PROMPT = 500;
const COUNTED_PROMPT = 400;
export const RANDOM = -1;

/** @returns {ResultGrid | null} */
const grid = () => document.querySelector('result-grid');

/**
 * The seed field after its dice was pressed: a fixed seed becomes random, and a random one that of the
 * last image. `studio/ui/run_panel.py` calls this by name.
 *
 * @param {number | null} value of the field
 * @returns {number}
 */
export function toggleSeed(value) {
  const run = grid()?.run;
  const last = SLOTS.map((slot) => run?.cards[slot]?.request_seed).find(Boolean);
  const isRandom = value === null || value === RANDOM;
  return isRandom && last ? Number(last) : RANDOM;
}

/**
 * @param {string} prompt
 * @returns {string} how long it is, empty while that does not matter
 */
export function promptCount(prompt) {
  const { length } = [...prompt];
  return length < COUNTED_PROMPT ? '' : `${length} / ${MAX_PROMPT}`;
}

/** @returns {boolean} whether nothing is drawn on the canvas */
export function isDoodleEmpty() {
  const canvas = document.querySelector('doodle-canvas, .sketch');
  if (canvas && 'isEmpty' in canvas) return canvas.isEmpty === true;
  const layer = document.querySelector('.sketch canvas');
  if (!(layer instanceof HTMLCanvasElement)) return false;
  const pixels = layer.getContext('2d')?.getImageData(0, 0, layer.width, layer.height).data;
  return !pixels?.some((value, index) => index % 4 === 3 && value > 0);
}

class PromptBar {
  #bar = find(document, '#run-bar', HTMLElement);
  #generate = find(document, '#generate', HTMLButtonElement);
  #stop = find(document, '#stop', HTMLButtonElement);
  #language = new PromptLanguage();
  #question = element('div', { className: 'empty-doodle', role: 'status', hidden: true });

  constructor() {
    hintKey(this.#generate, 'generate');
    find(document, '#random-seed', HTMLElement).title = t('studio.seed_toggle');
    this.#fillQuestion();
    this.#bar.append(this.#language.element, this.#question);
    document.addEventListener('click', (event) => this.#click(event), { capture: true });
    document.addEventListener('keydown', (event) => this.#promptKey(event), { capture: true });
    document.addEventListener('keydown', (event) => this.#key(event));
    document.addEventListener('run-changed', () => this.#show());
    document.addEventListener('run-cost', (event) => {
      if (event instanceof CustomEvent) this.#showCost(event.detail);
    });
    document.addEventListener('input', () => this.#showFields());
    // Python sets the fields without an input event.
    setInterval(() => this.#showFields(), 500);
    this.#show();
    this.#showFields();
  }

  #fillQuestion() {
    /** @type {[string, () => void][]} */
    const acts = [
      [t('studio.empty_draw'), showCanvas],
      [t('studio.empty_sample'), trySample],
      [t('studio.empty_generate'), () => this.#generateAnyway()],
    ];
    this.#question.append(element('b', {}, t('studio.empty_doodle')));
    for (const [label, act] of acts) {
      const button = element('button', { type: 'button' }, label);
      button.addEventListener('click', () => {
        this.#question.hidden = true;
        act();
      });
      this.#question.append(button);
    }
  }

  #generateAnyway() {
    try {
      sessionStorage.setItem(STORAGE_KEYS.emptyDoodle, 'generate');
    } catch {
      // It is asked again.
    }
    this.#isAllowed = true;
    this.#generate.click();
  }

  #isAllowed = false;

  /** @returns {boolean} whether to ask before a run without a doodle */
  #asks() {
    if (this.#isAllowed || !this.#question.hidden || !isDoodleEmpty()) return false;
    try {
      return sessionStorage.getItem(STORAGE_KEYS.emptyDoodle) === null;
    } catch {
      return true;
    }
  }

  /** @param {Event} event that starts a run, before Gradio sees it */
  #begin(event) {
    if (this.#asks()) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.#question.hidden = false;
      return;
    }
    this.#question.hidden = true;
    grid()?.start();
  }

  /** @param {MouseEvent} event */
  #click(event) {
    if (closest(event, '#generate') && !this.#generate.disabled) this.#begin(event);
  }

  /** @param {KeyboardEvent} event Enter in the prompt, which Gradio takes as Generate */
  #promptKey(event) {
    const isPlain = event.key === 'Enter' && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!isPlain || event.isComposing || !closest(event, '#user-prompt')) return;
    if (this.#generate.disabled) event.stopImmediatePropagation();
    else this.#begin(event);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (document.querySelector('dialog[open]')) return;
    if (event.key === 'Escape' && !event.defaultPrevented && !this.#stop.disabled) {
      const isBusyElsewhere = canvasHasFocus() || closest(event, '[role=listbox], [role=combobox]');
      if (!isBusyElsewhere && !document.querySelector('.coach')) this.#stop.click();
    }
  }

  #show() {
    const run = grid()?.run;
    const phase = run && isRunning(run) ? run.phase : '';
    if (phase) this.#bar.dataset.run = phase;
    else delete this.#bar.dataset.run;
    this.#generate.ariaBusy = String(phase === 'starting');
    this.#bar.style.setProperty('--starting', JSON.stringify(t('studio.generate_starting')));
  }

  /** @param {number | null} seconds that a run takes here; null where that is unknown */
  #showCost(seconds) {
    const time = seconds ? duration(seconds) : '';
    setData('#generate', 'cost', time ? t('studio.generate_cost', { time }) : '');
    if (time) this.#generate.title = t('studio.generate_key_cost', { time });
    else hintKey(this.#generate, 'generate');
  }

  #showFields() {
    const prompt = document.querySelector('#user-prompt textarea, #user-prompt input');
    const isText = prompt instanceof HTMLInputElement || prompt instanceof HTMLTextAreaElement;
    setData('#user-prompt', 'count', isText ? promptCount(prompt.value) : '');
    this.#language.show(isText ? prompt.value : '');
    const seed = document.querySelector('#seed input');
    const isRandom = seed instanceof HTMLInputElement && Number(seed.value || RANDOM) === RANDOM;
    setData('#seed', 'random', isRandom ? t('studio.seed_is_random') : '');
  }
}

/**
 * @param {string} selector
 * @param {string} name
 * @param {string} value empty for none
 */
function setData(selector, name, value) {
  const found = document.querySelector(selector);
  if (!(found instanceof HTMLElement) || (found.dataset[name] ?? '') === value) return;
  if (value) found.dataset[name] = value;
  else delete found.dataset[name];
}

/** Sets up the prompt bar of the page, once it has one. */
export function mountPromptBar() {
  new PromptBar();
}
