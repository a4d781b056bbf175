/**
 * The control of a field: a number with a slider, a choice, a tick, a text, a model, an image.
 *
 * @import { Editor } from './editor.js'
 * @import { Field, Json } from './types.js'
 * @typedef {object} Control
 * @property {HTMLElement} root
 * @property {HTMLElement} input what the label is of
 * @property {(value: Json | undefined) => void} show
 */
import { element } from '../lib/dom.js';
import { imageControl } from './control-image.js';
import { modelPicker } from './model-picker.js';

/**
 * @param {Editor} editor
 * @param {Field} field
 * @param {string} id of the input
 * @param {(value: Json) => void} onInput
 * @returns {Control}
 */
export function buildControl(editor, field, id, onInput) {
  switch (field.kind) {
    case 'number':
    case 'integer':
      return numberControl(field, id, onInput);
    case 'toggle':
      return toggleControl(id, onInput);
    case 'choice':
      return choiceControl(field, id, onInput);
    case 'model':
      return modelPicker(editor, field, id, onInput);
    case 'image':
      return imageControl(id, field.label, onInput);
    default:
      return textControl(field, id, onInput);
  }
}

/**
 * @param {Field} field
 * @param {string} id
 * @param {(value: Json) => void} onInput
 * @returns {Control}
 */
function numberControl(field, id, onInput) {
  const step = field.step ?? (field.kind === 'integer' ? 1 : 0.01);
  const number = element('input', { type: 'number', id, step: 'any' });
  if (field.minimum !== null) number.min = String(field.minimum);
  if (field.maximum !== null) number.max = String(field.maximum);
  number.step = field.kind === 'integer' ? String(step) : 'any';
  number.addEventListener('input', () => {
    onInput(number.value === '' ? null : number.valueAsNumber);
  });
  number.addEventListener('keydown', (event) => stepByKey(event, number, step));
  const unit = field.unit ? element('span', { className: 'unit' }, field.unit) : null;
  const root = element('span', { className: 'number' }, number, unit);
  if (field.step === null)
    return { root, input: number, show: (value) => showNumber(number, value) };
  // The number beside it takes the same values by keyboard.
  const slider = element('input', { type: 'range', tabIndex: -1, ariaLabel: field.label });
  Object.assign(slider, { min: String(field.minimum), step: String(step) });
  slider.addEventListener('input', () => onInput(slider.valueAsNumber));
  root.append(slider);
  return {
    root,
    input: number,
    show: (value) => {
      showNumber(number, value);
      const shown = Number(value);
      slider.max = String(
        Math.max(field.slider_maximum ?? shown, Math.min(shown, field.maximum ?? shown)),
      );
      slider.value = String(shown);
      const share = (shown - Number(slider.min)) / (Number(slider.max) - Number(slider.min));
      slider.style.setProperty('--share', `${100 * Math.min(1, Math.max(0, share))}%`);
    },
  };
}

/**
 * @param {HTMLInputElement} number
 * @param {Json | undefined} value
 */
function showNumber(number, value) {
  const isShown = number.value !== '' && number.valueAsNumber === value;
  if (!isShown && !(value === null && document.activeElement === number)) {
    number.value = value === null || value === undefined ? '' : String(value);
  }
}

/**
 * Arrow keys change a number by the slider's step: the browser would step by 1.
 *
 * @param {KeyboardEvent} event
 * @param {HTMLInputElement} number
 * @param {number} step
 */
function stepByKey(event, number, step) {
  const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (direction === undefined || number.step !== 'any') return;
  event.preventDefault();
  const digits = String(step).split('.')[1]?.length ?? 0;
  const moved = Number((number.valueAsNumber + direction * step).toFixed(digits));
  const [min, max] = [Number(number.min || -Infinity), Number(number.max || Infinity)];
  number.value = String(Math.min(max, Math.max(min, moved)));
  number.dispatchEvent(new Event('input', { bubbles: true }));
}

/**
 * @param {string} id
 * @param {(value: Json) => void} onInput
 * @returns {Control}
 */
function toggleControl(id, onInput) {
  const box = element('input', { type: 'checkbox', id });
  box.addEventListener('input', () => onInput(box.checked));
  return {
    root: box,
    input: box,
    show: (value) => {
      box.checked = value === true;
    },
  };
}

/**
 * @param {Field} field
 * @param {string} id
 * @param {(value: Json) => void} onInput
 * @returns {Control}
 */
function choiceControl(field, id, onInput) {
  const select = element('select', { id });
  const isTranslated = field.choices.some(({ value, label }) => value !== label);
  select.append(
    ...field.choices.map(({ value, label }) =>
      element('option', { value, translate: isTranslated }, label),
    ),
  );
  if (!isTranslated) select.translate = false;
  select.addEventListener('input', () => onInput(select.value));
  return {
    root: select,
    input: select,
    show: (value) => {
      select.value = String(value);
    },
  };
}

/**
 * @param {Field} field
 * @param {string} id
 * @param {(value: Json) => void} onInput
 * @returns {Control}
 */
export function textControl({ lines, max_length: maxLength }, id, onInput) {
  const text =
    lines > 1
      ? element('textarea', { id, rows: lines, spellcheck: false })
      : element('input', { type: 'text', id, autocomplete: 'off' });
  if (maxLength !== null) text.maxLength = maxLength;
  text.addEventListener('input', () => onInput(text.value));
  return {
    root: text,
    input: text,
    show: (value) => {
      if (text.value !== value) text.value = String(value ?? '');
    },
  };
}
