/**
 * Saved searches: filters of the history by name, the same for everybody.
 *
 * @typedef {{ id: number, name: string, author: string, filters: Record<string, unknown> }} SavedSearch
 */
import { element, find, untranslatedOption } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { FILTERS, isFiltered, searchState } from '../lib/history-address.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { confirmAction, paragraph } from './dialogs.js';

const SEARCHES = `${API}/saved-searches`;

export class SavedSearches {
  #select = find(document, '#searches', HTMLSelectElement);
  #delete = find(document, '#delete-search', HTMLButtonElement);
  /** @type {SavedSearch[]} */
  #searches = [];
  #state;

  /**
   * @param {() => URLSearchParams} state what the page shows now
   * @param {(state: URLSearchParams) => void} onOpen is called with the filters of a search
   */
  constructor(state, onOpen) {
    this.#state = state;
    this.#select.addEventListener('change', () => {
      const search = this.#selected;
      this.#delete.hidden = !search;
      if (search) onOpen(searchState(search.filters));
    });
    find(document, '#save-search', HTMLElement).addEventListener('click', () => this.#save());
    this.#delete.addEventListener('click', () => this.#remove());
  }

  get #selected() {
    return this.#searches.find((search) => String(search.id) === this.#select.value);
  }

  /** @param {number} [id] of the search to select */
  async load(id) {
    this.#searches = /** @type {SavedSearch[]} */ (await getJson(SEARCHES));
    const title = this.#searches.length
      ? t('page.history.saved_searches')
      : t('page.history.no_saved_searches');
    const options = this.#searches.map(({ id, name }) => untranslatedOption(String(id), name));
    this.#select.replaceChildren(element('option', { value: '' }, title), ...options);
    this.#select.value = id === undefined ? '' : String(id);
    this.#delete.hidden = id === undefined;
  }

  async #save() {
    const state = this.#state();
    if (!isFiltered(state)) {
      await withErrorDisplay(() => {
        throw new Error(t('page.history.nothing_to_save'));
      });
      return;
    }
    const input = element('input', { name: 'name', required: true, maxLength: 80 });
    await confirmAction({
      title: t('page.history.save_search'),
      content: [element('label', {}, t('page.name'), ' ', input)],
      label: t('page.history.save'),
      canConfirm: () => input.value.trim() !== '',
      action: async () => {
        const set = FILTERS.filter((name) => state.get(name));
        const filters = Object.fromEntries(set.map((name) => [name, state.get(name)]));
        const body = { name: input.value.trim(), filters };
        const saved = /** @type {SavedSearch} */ (await postJson(SEARCHES, body));
        await this.load(saved.id);
      },
    });
  }

  async #remove() {
    const search = this.#selected;
    if (!search) return;
    await confirmAction({
      title: t('page.history.delete_search_question', { name: search.name }),
      content: [paragraph(t('page.history.variants_stay'))],
      label: t('page.history.delete_search'),
      danger: true,
      action: async () => {
        await postJson(`${SEARCHES}/${search.id}`, {}, { method: 'DELETE' });
        await this.load();
      },
    });
  }
}
