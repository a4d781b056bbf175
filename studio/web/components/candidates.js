/**
 * The form of a new blind test: two to four candidates, each a version of a theme or one recipe of it.
 *
 * @import { Theme } from './version-select.js'
 * @typedef {object} Candidate
 * @property {string} slug of the theme
 * @property {number} version of the theme
 * @property {string | null} slot of the recipe, null for all four
 */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { SLOTS } from './theme-thumbnails.js';
import { VersionSelect } from './version-select.js';

const MAX_CANDIDATES = 4;
const MIN_CANDIDATES = 2;

class CandidateCard {
  root = element('li', { className: 'candidate' });
  select;
  slot = element('select', {}, element('option', { value: '' }, t('page.blind_tests.all_four')));
  remove = element('button', { type: 'button' }, '×');
  #heading = element('h3');

  /** @param {readonly Theme[]} themes */
  constructor(themes) {
    this.select = new VersionSelect(themes, { isOptional: true });
    this.slot.append(...SLOTS.map((value) => element('option', { value }, value)));
    const fields = [
      element('label', {}, t('page.theme'), this.select.theme),
      element('label', {}, t('page.version'), this.select.version),
      element('label', {}, t('page.recipe'), this.slot),
    ];
    this.root.append(this.#heading, this.remove, ...fields);
  }

  /** @param {number} number from 1 */
  setNumber(number) {
    this.#heading.textContent = t('page.blind_tests.candidate_number', { number });
    this.remove.ariaLabel = t('page.blind_tests.remove_candidate', { number });
  }

  /** @returns {Candidate | null} null until a theme is chosen */
  get value() {
    const version = this.select.value;
    return version && { ...version, slot: this.slot.value || null };
  }
}

/** The cards of the candidates, and the button that adds one. */
export class Candidates {
  /** @type {CandidateCard[]} */
  #cards = [];
  #root;
  #add;
  #themes;

  /**
   * @param {HTMLElement} root
   * @param {HTMLButtonElement} add
   * @param {readonly Theme[]} themes
   */
  constructor(root, add, themes) {
    this.#root = root;
    this.#add = add;
    this.#themes = themes;
    add.addEventListener('click', () => this.#append().select.theme.focus());
    while (this.#cards.length < MIN_CANDIDATES) this.#append();
  }

  /** @returns {Candidate[]} those that are chosen */
  get values() {
    return this.#cards.map((card) => card.value).filter((value) => value !== null);
  }

  #append() {
    const card = new CandidateCard(this.#themes);
    card.remove.addEventListener('click', () => {
      this.#show(this.#cards.filter((each) => each !== card));
      this.#add.focus();
    });
    this.#show([...this.#cards, card]);
    return card;
  }

  /** @param {CandidateCard[]} cards */
  #show(cards) {
    this.#cards = cards;
    this.#root.replaceChildren(...cards.map(({ root }) => root));
    for (const [index, card] of cards.entries()) {
      card.setNumber(index + 1);
      card.remove.hidden = cards.length <= MIN_CANDIDATES;
    }
    this.#add.disabled = cards.length >= MAX_CANDIDATES;
  }
}
