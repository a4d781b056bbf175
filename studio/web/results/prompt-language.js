/**
 * A line below the prompt where it is in a script that recipes cannot read: the pocket models know English alone.
 *
 * The recipe inspector tells which recipes that are (`english-only`).
 */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

/** Letters of other scripts than Latin. */
const OTHER_LETTERS = /[^\P{L}\p{Script=Latin}]/u;

export class PromptLanguage {
  element = element('p', { className: 'prompt-language', role: 'status' });
  #prompt = '';
  /** @type {readonly string[]} of the recipes that read English only */
  #slots = [];

  constructor() {
    document.addEventListener('english-only', (event) => {
      if (event instanceof CustomEvent) this.#update(this.#prompt, event.detail);
    });
  }

  /** @param {string} prompt of the user */
  show(prompt) {
    this.#update(prompt, this.#slots);
  }

  /**
   * @param {string} prompt
   * @param {readonly string[]} slots
   */
  #update(prompt, slots) {
    this.#prompt = prompt;
    this.#slots = slots;
    const isUnread = slots.length > 0 && OTHER_LETTERS.test(prompt);
    const text = isUnread ? t('studio.prompt_english_only', { slots }) : '';
    // A status that is there already is not to be read out again.
    if (text !== this.element.textContent) this.element.textContent = text;
  }
}
