/**
 * The small dialog in which a cell of the matrix, or its whole row, is edited.
 *
 * @import { Control } from './controls.js'
 * @import { Editor } from './editor.js'
 * @import { Line } from './matrix.js'
 * @import { Slot } from './types.js'
 */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { valueText } from './changes.js';
import { buildControl } from './controls.js';
import { isSame } from './document.js';
import { openBelow } from './popover.js';
import { SLOTS } from './types.js';

export class CellDialog {
  root = element('div', { className: 'cell-dialog', role: 'dialog' });
  #editor;
  /** @type {{ control: Control, line: Line, slots: readonly Slot[], error: HTMLElement, back: HTMLButtonElement } | null} */
  #shown = null;

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
    this.root.popover = 'auto';
  }

  /**
   * @param {HTMLElement} anchor
   * @param {Line} line
   * @param {Slot | null} slot null for all four
   */
  open(anchor, line, slot) {
    const { field, path, label } = line;
    const slots = slot === null ? SLOTS : [slot];
    const place = slot === null ? t('studio.inspector_all_four') : slot;
    const id = 'matrix-cell-input';
    const control = buildControl(this.#editor, field, id, (value) =>
      this.#editor.set(slots, path, value),
    );
    const title = element(
      'label',
      { htmlFor: id },
      t('recipe.within', { outer: place, inner: label }),
    );
    const error = element('p', { className: 'field-error', role: 'alert' });
    const back = element('button', { type: 'button', className: 'quiet' });
    back.addEventListener('click', () => {
      for (const each of slots) {
        const saved = this.#editor.savedValue(each, path);
        if (saved !== undefined) this.#editor.set([each], path, saved);
      }
      control.input.focus();
    });
    const all = element(
      'button',
      { type: 'button', className: 'quiet' },
      t('studio.inspector_set_all'),
    );
    all.hidden = slot === null;
    all.addEventListener('click', () => {
      this.#editor.set(SLOTS, path, this.#editor.value(slots[0], path) ?? null);
    });
    const help = element('p', { className: 'field-help' }, field.help);
    const actions = element('div', { className: 'actions' }, all, back);
    this.root.setAttribute('aria-label', title.textContent ?? '');
    this.root.replaceChildren(title, control.root, error, help, actions);
    this.#shown = { control, line, slots, error, back };
    this.update(new Map());
    openBelow(this.root, anchor);
    control.input.focus();
    if (control.input instanceof HTMLInputElement) control.input.select(); // What is typed replaces it.
  }

  /** @param {ReadonlyMap<string, string>} errors */
  update(errors) {
    if (this.#shown === null) return;
    const { control, line, slots, error, back } = this.#shown;
    const [first] = slots.filter((slot) => this.#editor.value(slot, line.path) !== undefined);
    if (first === undefined) return;
    control.show(this.#editor.value(first, line.path));
    error.textContent = errors.get(`recipes.${first}.${line.path}`) ?? '';
    const changed = slots.filter((slot) => {
      const saved = this.#editor.savedValue(slot, line.path);
      return saved !== undefined && !isSame(saved, this.#editor.value(slot, line.path));
    });
    back.hidden = changed.length === 0;
    const saved = changed.map((slot) =>
      valueText(this.#editor.savedValue(slot, line.path), line.field),
    );
    back.textContent = t('studio.inspector_back', { value: [...new Set(saved)].join(' / ') });
  }
}
