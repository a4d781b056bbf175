/**
 * A field of a recipe in one row: label with help, control, what was saved with a way back, the reason why a value
 * is invalid.
 *
 * @import { Editor } from './editor.js'
 * @import { Field, Slot } from './types.js'
 * @typedef {{ root: HTMLElement, update: (errors: ReadonlyMap<string, string>) => void }} Row
 */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { valueText } from './changes.js';
import { buildControl } from './controls.js';
import { isHidden, isSame } from './document.js';

/**
 * The element id of a field, such as "B-control_units-0-weight".
 *
 * @param {Slot} slot
 * @param {string} path
 */
export function fieldId(slot, path) {
  return `${slot}-${path.replaceAll('.', '-')}`;
}

/**
 * @param {Editor} editor
 * @param {Field} field
 * @param {Slot} slot
 * @param {string} path
 * @returns {Row}
 */
export function fieldRow(editor, field, slot, path) {
  const id = fieldId(slot, path);
  const control = buildControl(editor, field, `${id}-input`, (value) =>
    editor.set([slot], path, value),
  );
  const parts = rowParts(id, field.label, field.help, control.input);
  parts.root.classList.add(`field-${field.kind}`);
  parts.root.insertBefore(control.root, parts.help);
  parts.back.addEventListener('click', () => {
    editor.set([slot], path, editor.savedValue(slot, path) ?? null);
    control.input.focus();
  });
  /** @param {ReadonlyMap<string, string>} errors */
  const update = (errors) => {
    const value = editor.value(slot, path);
    control.show(value);
    parts.root.hidden = isHidden(field, editor.preset.recipes[slot], path);
    const saved = editor.savedValue(slot, path);
    parts.showSaved(saved === undefined || isSame(saved, value) ? null : valueText(saved, field));
    parts.showError(errorOf(errors, `recipes.${slot}.${path}`));
  };
  return { root: parts.root, update };
}

/**
 * @param {ReadonlyMap<string, string>} errors
 * @param {string} path of a field, or of a model, whose errors name its parts
 */
function errorOf(errors, path) {
  return errors.get(path) ?? errors.get(`${path}.name`) ?? '';
}

/**
 * What every row has around its control.
 *
 * @param {string} id of the row
 * @param {string} text of the label
 * @param {string} about shown by the button beside the label
 * @param {HTMLElement} input what the label is of
 */
export function rowParts(id, text, about, input) {
  const label = element('label', { htmlFor: input.id }, text);
  const help = element('p', { className: 'field-help', id: `${id}-help`, hidden: true }, about);
  const ask = element('button', { type: 'button', className: 'ask', title: about }, '?');
  ask.setAttribute('aria-label', t('studio.inspector_help', { label: text }));
  ask.setAttribute('aria-expanded', 'false');
  ask.setAttribute('aria-controls', help.id);
  ask.addEventListener('click', () => {
    help.hidden = !help.hidden;
    ask.setAttribute('aria-expanded', String(!help.hidden));
  });
  const was = element('span');
  const back = element('button', { type: 'button', className: 'back' }, '↺');
  const saved = element('span', { className: 'was', hidden: true }, was, back);
  const error = element('p', { className: 'field-error', id: `${id}-error`, hidden: true });
  const head = element('span', { className: 'field-head' }, label, ask, saved);
  return {
    root: element('div', { className: 'field', id }, head, help, error),
    help,
    back,
    /** @param {string | null} before null where the value is the saved one */
    showSaved(before) {
      saved.hidden = before === null;
      saved.parentElement?.parentElement?.classList.toggle('changed', before !== null);
      if (before === null) return;
      was.textContent = `${before} → `;
      const title = t('studio.inspector_back', { value: before });
      if (back.title !== title) {
        back.title = title;
        back.setAttribute('aria-label', `${text}: ${title}`);
      }
    },
    /** @param {string} reason empty where the value is valid */
    showError(reason) {
      error.hidden = !reason;
      error.textContent = reason;
      input.setAttribute('aria-invalid', String(Boolean(reason)));
      if (reason) input.setAttribute('aria-describedby', error.id);
      else input.removeAttribute('aria-describedby');
    },
  };
}
