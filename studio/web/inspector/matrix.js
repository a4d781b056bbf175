/**
 * All four recipes side by side: parameters are rows, A–D columns. Cells that differ are tinted; a cell or a whole
 * row is edited in a small dialog.
 *
 * @import { Editor } from './editor.js'
 * @import { Field, Slot } from './types.js'
 * @typedef {{ field: Field, path: string, label: string }} Line
 */
import { element, findAll } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { CellDialog } from './cell-dialog.js';
import { placeOf, valueText } from './changes.js';
import { isHidden, isSame, itemsAt } from './document.js';
import { fieldId } from './field-row.js';
import { themePromptRow } from './theme-prompt.js';
import { SLOTS } from './types.js';

export class Matrix {
  root = element('div', { className: 'matrix' });
  #editor;
  #dialog;
  #shared;
  #table = element('table', { role: 'grid' });
  /** @type {{ slot: Slot | null, line: Line, button: HTMLButtonElement }[]} */
  #cells = [];
  /** @type {{ slot: Slot, name: HTMLElement }[]} */
  #names = [];
  #structure = '';

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
    this.#dialog = new CellDialog(editor);
    this.#shared = themePromptRow(editor);
    this.#table.setAttribute('aria-label', t('studio.inspector_matrix'));
    this.#table.addEventListener('keydown', (event) => this.#move(event));
    this.root.append(this.#shared.root, this.#table, this.#dialog.root);
  }

  /** @param {ReadonlyMap<string, string>} errors */
  update(errors) {
    const lines = this.#lines();
    const structure = lines.map(({ path, label }) => `${path} ${label}`).join();
    if (structure !== this.#structure) {
      this.#structure = structure;
      this.#build(lines);
    }
    this.#shared.update(errors);
    for (const { slot, name } of this.#names) {
      name.textContent = name.title = String(this.#editor.preset.recipes[slot].name ?? '');
    }
    for (const cell of this.#cells) this.#show(cell, errors);
    this.#dialog.update(errors);
  }

  /** @returns {Line[]} the fields that have an effect in any recipe; names are those of the columns */
  #lines() {
    const { fields } = this.#editor.description;
    const shown = fields.filter(({ path }) => path !== 'name');
    return shown.flatMap((field) => {
      const [list, rest] = field.path.split('.*.');
      if (rest === undefined) return this.#line(field, field.path);
      // The items of a list stand one after another, where its first field does.
      const own = shown.filter(({ path }) => path.startsWith(`${list}.*.`));
      if (own[0] !== field) return [];
      const counts = SLOTS.map((slot) => itemsAt(this.#editor.preset.recipes[slot], list).length);
      const indexes = [...Array(Math.max(...counts)).keys()];
      return indexes.flatMap((index) =>
        own.flatMap((each) => this.#line(each, each.path.replace('*', String(index)))),
      );
    });
  }

  /**
   * @param {Field} field
   * @param {string} path
   * @returns {Line[]} none where the field has an effect in no recipe
   */
  #line(field, path) {
    const hasEffect = SLOTS.some((slot) => this.#hasEffect(slot, field, path));
    return hasEffect ? [{ field, path, label: this.#label(field, path) }] : [];
  }

  /**
   * @param {Field} field
   * @param {string} path
   */
  #label(field, path) {
    const { description, preset } = this.#editor;
    const [list, index] = path.split('.');
    const of = description.lists.find((each) => each.path === list);
    if (!of) return placeOf(description, field, preset.recipes.A, path);
    const item = `${of.label} ${Number(index) + 1}`;
    const isItem = field.path === `${list}.*.model`;
    return isItem ? item : t('recipe.within', { outer: item, inner: field.label });
  }

  /**
   * @param {Slot} slot
   * @param {Field} field
   * @param {string} path
   */
  #hasEffect(slot, field, path) {
    const isThere = this.#editor.value(slot, path) !== undefined;
    return isThere && !isHidden(field, this.#editor.preset.recipes[slot], path);
  }

  /** @param {readonly Line[]} lines */
  #build(lines) {
    const focused = document.activeElement?.id;
    this.#cells = [];
    this.#names = [];
    const head = element(
      'tr',
      {},
      element('th', { scope: 'col' }, t('studio.inspector_parameter')),
    );
    head.append(...SLOTS.map((slot) => this.#columnHead(slot)));
    const body = element('tbody');
    for (const { id, label } of this.#editor.description.sections) {
      const own = lines.filter(({ field }) => field.section === id);
      if (!own.length) continue;
      const title = element('th', { colSpan: SLOTS.length + 1, scope: 'colgroup' }, label);
      body.append(element('tr', { className: 'section' }, title));
      body.append(...own.map((line) => this.#row(line)));
    }
    this.#table.replaceChildren(element('thead', {}, head), body);
    const [first] = this.#buttons();
    if (first) first.tabIndex = 0;
    if (focused) document.getElementById(focused)?.focus();
  }

  /** @param {Slot} slot */
  #columnHead(slot) {
    const name = element('small', { translate: false });
    this.#names.push({ slot, name });
    return element('th', { scope: 'col' }, slot, name);
  }

  /** @param {Line} line */
  #row(line) {
    const name = this.#button(null, line);
    name.append(line.label);
    name.title = line.field.help;
    const row = element('tr', {}, element('th', { scope: 'row' }, name));
    row.append(...SLOTS.map((slot) => element('td', {}, this.#button(slot, line))));
    return row;
  }

  /**
   * @param {Slot | null} slot null for the whole row
   * @param {Line} line
   */
  #button(slot, line) {
    const id = `cell-${fieldId(slot ?? 'A', line.path)}${slot ? '' : '-all'}`;
    const button = element('button', { type: 'button', tabIndex: -1, id, ariaHasPopup: 'dialog' });
    button.addEventListener('click', () => this.#dialog.open(button, line, slot));
    button.addEventListener('focus', () => {
      for (const each of this.#buttons()) each.tabIndex = each === button ? 0 : -1;
    });
    this.#cells.push({ slot, line, button });
    return button;
  }

  /**
   * @param {{ slot: Slot | null, line: Line, button: HTMLButtonElement }} cell
   * @param {ReadonlyMap<string, string>} errors
   */
  #show({ slot, line: { field, path, label }, button }, errors) {
    if (slot === null) {
      button.setAttribute('aria-label', t('studio.inspector_all_four_of', { label }));
      return;
    }
    const value = this.#editor.value(slot, path);
    const isUsed = this.#hasEffect(slot, field, path);
    const text = isUsed ? valueText(value, field) : '–';
    button.textContent = text;
    button.disabled = !isUsed;
    button.translate = field.kind !== 'model' && field.kind !== 'text';
    button.classList.toggle('differs', isUsed && !isSame(value, this.#mostCommon(field, path)));
    const saved = this.#editor.savedValue(slot, path);
    const isChanged = isUsed && saved !== undefined && !isSame(saved, value);
    button.classList.toggle('changed', isChanged);
    button.title = isChanged ? `${valueText(saved, field)} → ${text}` : text;
    button.setAttribute('aria-label', t('studio.inspector_cell', { label, slot, value: text }));
    button.classList.toggle('invalid', errors.has(`recipes.${slot}.${path}`));
  }

  /**
   * The value that most recipes have; of equally many, that of the first.
   *
   * @param {Field} field
   * @param {string} path
   */
  #mostCommon(field, path) {
    const values = SLOTS.filter((slot) => this.#hasEffect(slot, field, path)).map((slot) =>
      this.#editor.value(slot, path),
    );
    const counts = values.map((value) => values.filter((each) => isSame(each, value)).length);
    return values[counts.indexOf(Math.max(...counts))];
  }

  #buttons() {
    return findAll(this.#table, 'button', HTMLButtonElement).filter(({ disabled }) => !disabled);
  }

  /** @param {KeyboardEvent} event arrow keys move from cell to cell */
  #move(event) {
    const moves = /** @type {Record<string, [number, number]>} */ ({
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    });
    const [down, right] = moves[event.key] ?? [0, 0];
    const rows = findAll(this.#table, 'tbody tr:not(.section)', HTMLTableRowElement);
    const cell = event.target instanceof Element ? event.target.closest('th, td') : null;
    if (!(cell instanceof HTMLTableCellElement) || (!down && !right)) return;
    event.preventDefault();
    let row = rows.findIndex((each) => each.contains(cell));
    let column = cell.cellIndex;
    for (;;) {
      row += down;
      column += right;
      const next = rows[row]?.cells[column]?.querySelector('button');
      if (!next) return;
      if (!next.disabled) {
        next.focus();
        return;
      }
    }
  }
}
