/** Parts of the pages of people and API keys: buttons of a row, fields with a line of help. */
import { element } from '../lib/dom.js';
import { onPress } from '../lib/errors.js';

/**
 * @param {string} label
 * @param {() => unknown} onClick
 * @param {string} [className]
 */
export function button(label, onClick, className = '') {
  const made = element('button', { type: 'button', className }, label);
  onPress(made, onClick);
  return made;
}

/**
 * @param {string} label
 * @param {HTMLElement} field
 * @param {string} [help]
 * @returns {HTMLLabelElement}
 */
export function labelled(label, field, help = '') {
  const root = element('label', { className: 'labelled' }, element('span', {}, label), field);
  if (help) root.append(element('small', {}, help));
  return root;
}

/**
 * A switch with a line that says what it does.
 *
 * @param {HTMLInputElement} input a check box
 * @param {string} label
 * @param {string} help
 */
export function switchRow(input, label, help) {
  input.className = 'switch';
  const texts = element('span', {}, element('b', {}, label), element('small', {}, help));
  return element('label', { className: 'switch-row' }, texts, input);
}
