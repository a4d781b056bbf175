/**
 * The search space of a new study: fields of a recipe, each with a range or choices.
 *
 * @import { GridField } from '../grid/values.js'
 */
import { ChoiceChips } from '../grid/chips.js';
import { RangeSlider } from '../grid/range-slider.js';
import { availableFields, rangeAround, searchSpaceLine, valueAt } from '../grid/values.js';
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

/** Fields of one study, as the server limits them. */
const MAX_FIELDS = 8;
const FIRST_FIELDS = ['denoising_strength', 'guidance_scale'];

/** @typedef {{ path: string, root: HTMLElement, line: () => string | null }} Space */

/**
 * @param {GridField} field
 * @param {unknown} current its value in the recipe
 * @returns {{ root: HTMLElement, line: () => string | null }} the line is null without a choice
 */
function spaceInputs({ path, label, kind, minimum, maximum, step, choices }, current) {
  if (kind === 'number' || kind === 'integer') {
    const bounds = { minimum: minimum ?? 0, maximum: maximum ?? 1 };
    const range = rangeAround(Number(current), bounds, kind === 'integer');
    const slider = new RangeSlider({ label, ...bounds, step: step ?? 0.01, range });
    const line = () => {
      const { low, high } = slider;
      return low < high ? searchSpaceLine(path, { low, high }) : null;
    };
    return { root: slider.root, line };
  }
  const chips = new ChoiceChips(label, choices, [current]);
  const line = () =>
    chips.values.length > 1 ? searchSpaceLine(path, { choices: chips.values }) : null;
  return { root: chips.root, line };
}

export class SearchSpaceForm {
  /** @type {Space[]} */
  #spaces = [];
  /** @type {readonly GridField[]} */
  #fields = [];
  /** @type {unknown} */
  #recipe = null;
  #root;
  #add;
  #onChange;

  /**
   * @param {HTMLElement} root of the fields
   * @param {HTMLSelectElement} add the list of fields that can be added
   * @param {() => void} onChange
   */
  constructor(root, add, onChange) {
    this.#root = root;
    this.#add = add;
    this.#onChange = onChange;
    root.addEventListener('input', onChange);
    add.addEventListener('change', () => this.#addField(add.value));
  }

  /**
   * Begins anew with the fields of a recipe.
   *
   * @param {readonly GridField[]} fields
   * @param {unknown} recipe
   */
  open(fields, recipe) {
    this.#recipe = recipe;
    this.#fields = availableFields(fields, recipe).filter(
      ({ is_recipe_field, kind, choices }) =>
        is_recipe_field && (choices.length > 1 || kind === 'number' || kind === 'integer'),
    );
    this.#spaces = [];
    for (const path of FIRST_FIELDS) this.#addField(path);
  }

  get count() {
    return this.#spaces.length;
  }

  /** @returns {string | null} in the API's notation; null while a field has nothing to choose from */
  get vary() {
    const lines = this.#spaces.map((space) => space.line());
    return lines.length && lines.every((line) => line !== null) ? lines.join('\n') : null;
  }

  /** @param {string} path */
  #addField(path) {
    const field = this.#fields.find((each) => each.path === path);
    if (!field) return;
    const { root, line } = spaceInputs(field, valueAt(this.#recipe, path));
    const ariaLabel = t('page.grid.remove', { value: field.label });
    const remove = element('button', { type: 'button', ariaLabel }, '×');
    remove.addEventListener('click', () => {
      this.#show(this.#spaces.filter((space) => space.path !== path));
      this.#add.focus();
    });
    const row = element('fieldset', { className: 'space' });
    row.append(element('legend', {}, field.label), root, remove);
    this.#show([...this.#spaces, { path, root: row, line }]);
  }

  /** @param {Space[]} spaces */
  #show(spaces) {
    this.#spaces = spaces;
    this.#root.replaceChildren(...spaces.map(({ root }) => root));
    const taken = new Set(spaces.map(({ path }) => path));
    const options = this.#fields
      .filter(({ path }) => !taken.has(path))
      .map(({ path, label }) => element('option', { value: path }, label));
    this.#add.replaceChildren(
      element('option', { value: '' }, t('page.blind_tests.choose')),
      ...options,
    );
    this.#add.disabled = spaces.length >= MAX_FIELDS;
    this.#onChange();
  }
}
