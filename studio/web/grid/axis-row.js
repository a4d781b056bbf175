/**
 * One axis of a grid: its field, and inputs for that field's values.
 *
 * @import { Axis, GridField, Value } from './values.js'
 */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { ChoiceChips, ReplacementChips } from './chips.js';
import { RangeSlider } from './range-slider.js';
import { MAX_AXIS_VALUES, rangeAround, spread, valueAt } from './values.js';

const DEFAULT_COUNT = 5;

/** @typedef {{ root: HTMLElement, values: () => Value[] }} ValueInputs */

export class AxisRow {
  root = element('fieldset', { className: 'axis' });
  #select = element('select');
  #inputs = element('div', { className: 'axis-inputs' });
  #preview = element('p', { className: 'axis-values', translate: false });
  /** @type {Map<string, GridField>} */
  #fields = new Map();
  /** @type {ValueInputs | null} */
  #current = null;
  #recipe;

  /**
   * @param {string} name such as "X: columns"
   * @param {readonly GridField[]} fields
   * @param {unknown} recipe whose values are varied
   * @param {string} [path] of the field at first
   */
  constructor(name, fields, recipe, path = '') {
    this.#recipe = recipe;
    this.#fields = new Map(fields.map((field) => [field.path, field]));
    const options = fields.map(({ path: value, label }) => element('option', { value }, label));
    this.#select.append(element('option', { value: '' }, t('page.no_value')), ...options);
    this.#select.ariaLabel = name;
    this.#select.value = this.#fields.has(path) ? path : '';
    this.#select.addEventListener('input', () => this.#chooseField());
    this.root.append(element('legend', {}, name), this.#select, this.#inputs, this.#preview);
    this.root.addEventListener('input', () => this.#showValues());
    this.#chooseField();
    this.#showValues();
  }

  /** @returns {Axis | null} null without a field, and without values of it */
  get axis() {
    const values = this.#current?.values() ?? [];
    return values.length ? { field: this.#select.value, values } : null;
  }

  #chooseField() {
    const field = this.#fields.get(this.#select.value);
    this.#current = field ? valueInputs(field, valueAt(this.#recipe, field.path)) : null;
    this.#inputs.replaceChildren(...(this.#current ? [this.#current.root] : []));
  }

  #showValues() {
    const values = this.#current?.values() ?? [];
    this.#preview.textContent = values.map(String).join(' · ');
  }
}

/**
 * @param {GridField} field
 * @param {unknown} current its value in the recipe
 * @returns {ValueInputs}
 */
function valueInputs(field, current) {
  switch (field.kind) {
    case 'number':
    case 'integer':
      return numberInputs(field, Number(current));
    case 'seed':
      return seedInputs();
    case 'prompt': {
      const chips = new ReplacementChips();
      return { root: chips.root, values: () => chips.values };
    }
    default: {
      const chips = new ChoiceChips(field.label, field.choices, [current]);
      return { root: chips.root, values: () => chips.values };
    }
  }
}

/**
 * @param {GridField} field
 * @param {number} current
 * @returns {ValueInputs}
 */
function numberInputs({ label, kind, minimum, maximum, step }, current) {
  const bounds = { minimum: minimum ?? 0, maximum: maximum ?? 1 };
  const isInteger = kind === 'integer';
  const range = rangeAround(current, bounds, isInteger);
  const slider = new RangeSlider({ label, ...bounds, step: step ?? 0.01, range });
  const count = countInput();
  const now = element('small', {}, t('page.grid.current', { value: current }));
  const root = element('div', { className: 'number-inputs' }, slider.root, count.label, now);
  // A width is a multiple of its step.
  const unit = isInteger && step ? step : 1;
  const values = () =>
    spread(slider.low / unit, slider.high / unit, count.value(), isInteger).map((n) => n * unit);
  return { root, values };
}

/** @returns {ValueInputs} */
function seedInputs() {
  const first = element('input', { type: 'number', min: '0', max: '4294967295', value: '1' });
  const count = countInput();
  const label = element('label', {}, t('page.grid.first_seed'), first);
  const root = element('div', { className: 'number-inputs' }, label, count.label);
  const values = () => {
    const start = Math.max(0, Math.trunc(first.valueAsNumber || 0));
    return Array.from({ length: count.value() }, (_, index) => start + index);
  };
  return { root, values };
}

/** How many values there are: a number with buttons that take and add one. */
function countInput() {
  const input = element('input', {
    type: 'number',
    min: '1',
    max: String(MAX_AXIS_VALUES),
    value: String(DEFAULT_COUNT),
  });
  const value = () => Math.min(MAX_AXIS_VALUES, Math.max(1, Math.trunc(input.valueAsNumber || 1)));
  /** @param {number} change */
  const stepper = (change) => {
    const ariaLabel = t(change < 0 ? 'page.grid.fewer' : 'page.grid.more');
    const button = element('button', { type: 'button', ariaLabel }, change < 0 ? '−' : '+');
    button.addEventListener('click', () => {
      input.value = String(Math.min(MAX_AXIS_VALUES, Math.max(1, value() + change)));
      input.dispatchEvent(new Event('input', { bubbles: true }));
    });
    return button;
  };
  const box = element('span', { className: 'stepper' }, stepper(-1), input, stepper(1));
  input.ariaLabel = t('page.grid.how_many');
  const caption = element('span', { ariaHidden: 'true' }, t('page.grid.how_many'));
  return { label: element('div', { className: 'count' }, caption, box), value };
}
