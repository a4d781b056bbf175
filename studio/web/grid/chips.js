/** Values as chips: some of a list, or texts that are typed. */
import { element, untranslated } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

/** Choices from which on a list can be filtered. */
const MANY = 12;

/** Chips of a list of values, each of which is on or off. */
export class ChoiceChips {
  root = element('fieldset', { className: 'chips' });
  /** @type {HTMLInputElement[]} */
  #boxes;

  /**
   * @param {string} label of the field
   * @param {readonly { value: string, label: string }[]} choices
   * @param {readonly unknown[]} [chosen] values that are on at first
   */
  constructor(label, choices, chosen = []) {
    this.#boxes = choices.map(({ value }) =>
      element('input', { type: 'checkbox', value, checked: chosen.includes(value) }),
    );
    const chips = choices.map((choice, index) =>
      element('label', { className: 'chip' }, this.#boxes[index], untranslated(choice.label)),
    );
    const filter = choices.length > MANY ? filterInput(chips) : null;
    const legend = element('legend', { className: 'visually-hidden' }, label);
    const list = element('div', { className: 'chip-list' }, ...chips);
    this.root.append(...[legend, filter, list].filter((each) => each !== null));
  }

  /** @returns {string[]} those that are on, in the order of the list */
  get values() {
    return this.#boxes.filter((box) => box.checked).map((box) => box.value);
  }
}

/** @param {readonly HTMLElement[]} chips */
function filterInput(chips) {
  const label = t('page.grid.filter');
  const input = element('input', { type: 'search', placeholder: label, ariaLabel: label });
  input.addEventListener('input', (event) => {
    event.stopPropagation(); // It changes no value.
    const text = input.value.trim().toLowerCase();
    for (const chip of chips) chip.hidden = !chip.textContent?.toLowerCase().includes(text);
  });
  return input;
}

/** Prompt search and replace: a text of the prompt, and the texts that replace it. */
export class ReplacementChips {
  root = element('div', { className: 'replacements' });
  #search = element('input', { maxLength: 200 });
  #next = element('input', { maxLength: 200 });
  #list = element('ul', { className: 'chip-list' });
  /** @type {string[]} */
  #replacements = [];

  constructor() {
    const add = element('button', { type: 'button' }, t('page.grid.add'));
    add.addEventListener('click', () => this.#add());
    this.#next.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.isComposing) return;
      event.preventDefault(); // It would submit the form.
      this.#add();
    });
    this.#next.addEventListener('input', (event) => event.stopPropagation());
    this.root.append(
      element('label', {}, t('page.grid.search_for'), this.#search),
      element('label', {}, t('page.grid.replace_with'), this.#next),
      add,
      this.#list,
    );
  }

  /** @returns {string[]} the text that is searched for, which the first image keeps, and its replacements */
  get values() {
    const search = this.#search.value.trim();
    return search && this.#replacements.length ? [search, ...this.#replacements] : [];
  }

  #add() {
    const text = this.#next.value.trim();
    this.#next.value = '';
    this.#next.focus();
    if (text && !this.#replacements.includes(text)) this.#show([...this.#replacements, text]);
  }

  /** @param {string[]} replacements */
  #show(replacements) {
    this.#replacements = replacements;
    this.#list.replaceChildren(...replacements.map((text) => this.#chip(text)));
    this.root.dispatchEvent(new Event('input', { bubbles: true }));
  }

  /** @param {string} text */
  #chip(text) {
    const ariaLabel = t('page.grid.remove', { value: text });
    const remove = element('button', { type: 'button', ariaLabel }, '×');
    remove.addEventListener('click', () => {
      this.#show(this.#replacements.filter((each) => each !== text));
      this.#next.focus();
    });
    return element('li', { className: 'chip' }, untranslated(text), remove);
  }
}
