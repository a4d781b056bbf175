/**
 * What is unsaved, in a line above the tabs' panels: the count with the list of changes, each with a way back, or
 * the first invalid value. `studio/notices.js` moves reasons to fields outside the inspector by `data-for`.
 *
 * @import { Change } from './changes.js'
 * @import { Editor } from './editor.js'
 * @import { Field, RequestInputs } from './types.js'
 */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { changeText, placeOf } from './changes.js';

const MAX_SEED = 2 ** 32 - 1;

export class StatusBar {
  root = element('div', { id: 'unsaved', className: 'status-bar' });
  #editor;
  #shown = '';

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
  }

  /**
   * @param {readonly Change[]} changes
   * @param {ReadonlyMap<string, string>} errors
   * @param {number | null} seed of the request
   */
  update(changes, errors, seed) {
    const problem = this.#problem(errors, seed);
    const texts = changes.map((change) => changeText(change, this.#editor.field(change.path)));
    const shown = JSON.stringify([problem.map(({ textContent }) => textContent), texts]);
    // An alert that is there already is not to be read out again.
    if (shown === this.#shown) return;
    this.#shown = shown;
    const isOpen = this.root.querySelector('details')?.open ?? false;
    const isFocused = this.root.contains(document.activeElement);
    const unsaved = changes.length ? [this.#changes(changes, texts, isOpen)] : [];
    this.root.replaceChildren(...problem, ...unsaved);
    if (isFocused) this.root.querySelector('summary')?.focus();
  }

  /**
   * @param {ReadonlyMap<string, string>} errors
   * @param {number | null} seed
   * @returns {HTMLElement[]}
   */
  #problem(errors, seed) {
    if (!this.#editor.preset.name.trim()) {
      return outside('theme-name', t('studio.theme_unnamed'), t('studio.theme_name_missing'));
    }
    const reason = seedError(seed);
    if (reason) {
      return outside('seed', reason, t('studio.seed_range', { most: MAX_SEED }));
    }
    const [first] = errors;
    return first ? [alert(this.#errorText(...first))] : [];
  }

  /**
   * @param {string} path
   * @param {string} reason
   */
  #errorText(path, reason) {
    const [, slot, rest] = path.match(/^recipes\.([A-D])(?:\.(.+))?$/) ?? [];
    if (slot === undefined) return t('studio.theme_invalid', { reason });
    const letter = /** @type {import('./types.js').Slot} */ (slot);
    const field = this.#field(rest);
    if (!field) return t('recipe.in_slot', { slot, reason });
    const place = placeOf(
      this.#editor.description,
      field,
      this.#editor.preset.recipes[letter],
      rest,
    );
    return t('studio.inspector_field_error', { slot, field: place, reason });
  }

  /**
   * @param {string | undefined} path
   * @returns {Field | undefined}
   */
  #field(path) {
    if (path === undefined) return undefined;
    return this.#editor.field(path) ?? this.#editor.field(path.replace(/\.(name|sha256)$/, ''));
  }

  /**
   * @param {readonly Change[]} changes
   * @param {readonly string[]} texts of the changes
   * @param {boolean} isOpen
   */
  #changes(changes, texts, isOpen) {
    const count =
      changes.length === 1
        ? t('studio.unsaved_one')
        : t('studio.unsaved_many', { count: changes.length });
    const lines = changes.map((change, index) => {
      const line = element('li', {}, element('span', {}, texts[index]));
      if (change.path === 'name' && change.slot === null) return line;
      const back = element('button', { type: 'button', className: 'back' }, '↺');
      back.title = t('studio.inspector_undo');
      back.setAttribute('aria-label', `${back.title}: ${change.place}`);
      back.addEventListener('click', () => this.#editor.revertChange(change));
      line.append(back);
      return line;
    });
    const discard = element('button', { type: 'button' }, t('studio.discard_changes'));
    discard.dataset.clicks = 'discard';
    const list = element('ul', {}, ...lines);
    const box = element('details', { open: isOpen }, element('summary', {}, count));
    box.append(element('div', {}, list, discard));
    return box;
  }
}

/** @param {string} text */
function alert(text) {
  return element('p', { className: 'problem', role: 'alert', title: text }, text);
}

/**
 * An error of a field outside the inspector.
 *
 * @param {string} id of the field's element
 * @param {string} text
 * @param {string} reason shown in the field
 */
function outside(id, text, reason) {
  const mark = element('span', { hidden: true }, reason);
  mark.dataset.for = id;
  return [alert(text), mark];
}

/** @param {RequestInputs['seed']} seed null or -1 for a random one */
export function seedError(seed) {
  if (seed === null || seed === -1) return '';
  const range = t('studio.seed_range', { most: MAX_SEED });
  if (!Number.isInteger(seed)) return t('studio.seed_not_whole', { seed, range });
  if (seed < 0 || seed > MAX_SEED) return t('studio.seed_out_of_range', { seed, range });
  return '';
}
