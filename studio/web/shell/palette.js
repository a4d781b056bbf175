/**
 * The command palette: a search field over a list of commands, pages and themes. The focus stays in the
 * field; the arrow keys choose, Enter runs, Escape closes.
 *
 * @import { PaletteItem } from './palette-items.js'
 */
import { element, findAll } from '../lib/dom.js';
import { fuzzyScore } from '../lib/fuzzy.js';
import { t } from '../lib/i18n.js';
import { keyText } from '../lib/keys.js';
import { otherTexts, pageItems, themeItems } from './palette-items.js';

const MAX_SHOWN = 50;
/** What an item's words in another language, or its id, count beside its label. */
const OTHER_WORDS = 0.8;

/**
 * @param {readonly PaletteItem[]} items
 * @param {string} query
 * @param {readonly Readonly<Record<string, string>>[]} languages texts of other languages, by id
 * @returns {PaletteItem[]} those that fit, the best first; all where nothing is typed
 */
export function search(items, query, languages = []) {
  if (!query.trim()) return items.slice(0, MAX_SHOWN);
  const scored = items.map((item) => {
    const id = item.textId ?? '';
    const others = [id, ...languages.map((texts) => texts[id] ?? '')].filter(Boolean);
    const [own, ...scores] = [`${item.label} ${item.hint}`, ...others].map((text) =>
      fuzzyScore(query, text),
    );
    return { item, score: Math.max(own, ...scores.map((score) => score * OTHER_WORDS)) };
  });
  const fitting = scored.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score);
  return fitting.slice(0, MAX_SHOWN).map(({ item }) => item);
}

class Palette {
  #dialog = element('dialog', { className: 'palette', ariaLabel: t('page.shell.palette') });
  #field = element('input', { type: 'text', autocomplete: 'off', spellcheck: false });
  #list = element('ul', { id: 'palette-list', role: 'listbox' });
  #none = element('p', { role: 'status' });
  #items = pageItems();
  /** @type {readonly Record<string, string>[]} */
  #languages = [];
  /** @type {PaletteItem[]} */
  #shown = [];
  #active = 0;

  open() {
    this.#field.placeholder = t('page.shell.palette_placeholder');
    this.#field.ariaLabel = this.#field.placeholder;
    this.#list.ariaLabel = t('page.shell.palette');
    this.#field.setAttribute('role', 'combobox');
    this.#field.setAttribute('aria-controls', this.#list.id);
    this.#field.setAttribute('aria-autocomplete', 'list');
    this.#field.addEventListener('input', () => this.#search());
    this.#dialog.addEventListener('keydown', (event) => this.#key(event));
    this.#dialog.addEventListener('click', ({ target }) => {
      if (target === this.#dialog) this.#dialog.close(); // Its backdrop.
    });
    this.#dialog.addEventListener('close', () => this.#dialog.remove());
    this.#dialog.append(this.#field, this.#list, this.#none);
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.#search();
    this.#load();
  }

  /** Themes and other languages come later, or not at all. */
  async #load() {
    const [themes, languages] = await Promise.allSettled([themeItems(), otherTexts()]);
    if (themes.status === 'fulfilled') this.#items.push(...themes.value);
    if (languages.status === 'fulfilled') this.#languages = languages.value;
    this.#search(this.#active);
  }

  /** @param {number} [active] index of the item that is chosen */
  #search(active = 0) {
    this.#shown = search(this.#items, this.#field.value, this.#languages);
    this.#list.replaceChildren(...this.#shown.map((item, index) => this.#option(item, index)));
    this.#list.hidden = !this.#shown.length;
    this.#field.ariaExpanded = String(!this.#list.hidden);
    this.#none.textContent = this.#shown.length ? '' : t('page.no_matches');
    this.#choose(active);
  }

  /**
   * @param {PaletteItem} item
   * @param {number} index
   */
  #option({ label, hint, key }, index) {
    const option = element('li', { id: `palette-option-${index}`, role: 'option' });
    option.append(element('span', {}, label), element('small', {}, hint));
    if (key) option.append(element('kbd', { translate: false }, keyText(key)));
    option.addEventListener('pointermove', () => index === this.#active || this.#choose(index));
    option.addEventListener('click', () => this.#run(index));
    return option;
  }

  /** @param {number} index */
  #choose(index) {
    this.#active = index;
    for (const [at, option] of findAll(this.#list, '[role=option]', HTMLElement).entries()) {
      option.ariaSelected = String(at === index);
      if (at !== index) continue;
      this.#field.setAttribute('aria-activedescendant', option.id);
      option.scrollIntoView?.({ block: 'nearest' });
    }
    if (!this.#shown.length) this.#field.removeAttribute('aria-activedescendant');
  }

  /** @param {number} index */
  #run(index) {
    this.#dialog.close();
    this.#shown[index]?.run();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    const count = this.#shown.length;
    const to = { ArrowDown: this.#active + 1, ArrowUp: this.#active - 1 + count }[event.key];
    if (to !== undefined) this.#choose(count ? to % count : 0);
    else if (event.key === 'Enter') this.#run(this.#active);
    else return;
    event.preventDefault();
  }
}

/** Opens the palette over what the page offers now. */
export function openPalette() {
  new Palette().open();
}
