/**
 * The filter of the history: its form, the page's address, and the link to the export.
 *
 * @typedef {object} FilterOptions
 * @property {{ slug: string, name: string }[]} themes
 * @property {string[]} models
 * @property {string[]} samplers
 * @property {string[]} tags
 * @property {string[]} collections
 * @property {Record<string, string>} base_images addresses by id
 */
import {
  element,
  find,
  findAll,
  formQuery,
  onSubmit,
  part,
  untranslatedOption,
} from '../lib/dom.js';
import { addressOf, apiQuery, isFiltered } from '../lib/history-address.js';
import { API, getJson } from '../lib/http.js';

const VARIANTS = `${API}/variants`;
/** Milliseconds after the last key until the list is filtered by the text. */
const TYPING_MS = 250;

export class HistoryFilter {
  /** @type {FilterOptions} */
  options = { themes: [], models: [], samplers: [], tags: [], collections: [], base_images: {} };
  #form = find(document, '#filter', HTMLFormElement);
  #more = part('#more-filters');
  #onChange;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;

  /** @param {() => void} onChange is called when something else is asked for */
  constructor(onChange) {
    this.#onChange = onChange;
    this.#form.addEventListener('input', (event) => this.#onInput(event));
    onSubmit(this.#form, () => {});
    this.#more.addEventListener('click', () => this.#toggleFields(Boolean(part('#fields').hidden)));
    part('#clear-filters').addEventListener('click', () => this.clear());
    addEventListener('popstate', () => this.openAddress());
  }

  /** Loads what can be chosen. */
  async loadOptions() {
    this.options = /** @type {FilterOptions} */ (await getJson(`${VARIANTS}/filter-options`));
    const { themes, models, samplers, tags, collections } = this.options;
    const names = { model: models, sampler: samplers, tag: tags, collection: collections };
    const themeOptions = themes.map(({ slug, name }) => untranslatedOption(slug, name));
    this.#field('theme').append(...themeOptions);
    for (const [name, values] of Object.entries(names)) {
      this.#field(name).append(...values.map((value) => untranslatedOption(value, value)));
    }
    for (const [id, values] of /** @type {const} */ ([
      ['#tag-names', tags],
      ['#collection-names', collections],
    ])) {
      part(id).replaceChildren(...values.map((value) => element('option', { value })));
    }
  }

  /** @param {string} name */
  #field(name) {
    return find(this.#form, `[name=${name}]`, HTMLSelectElement);
  }

  /** What the page shows. */
  get state() {
    return formQuery(this.#form);
  }

  get isByRun() {
    return this.state.get('view') !== 'images';
  }

  get isFiltered() {
    return isFiltered(this.state);
  }

  /** Shows what the page's address asks for. */
  openAddress() {
    this.#fill(new URLSearchParams(location.search));
    this.#apply();
  }

  /** @param {URLSearchParams} state what is to be shown, with an entry in the browser's history */
  open(state) {
    this.#fill(state);
    this.#apply('push');
  }

  /** Shows everything, in the present view. */
  clear() {
    this.open(new URLSearchParams());
  }

  /**
   * Offers a name that is new, too.
   *
   * @param {'tag' | 'collection'} kind
   * @param {string} name
   */
  offer(kind, name) {
    const field = this.#field(kind);
    if ([...field.options].some((option) => option.value === name)) return;
    field.append(untranslatedOption(name, name));
    part(`#${kind}-names`).append(element('option', { value: name }));
  }

  /** @param {URLSearchParams} state */
  #fill(state) {
    const view = this.state.get('view') ?? 'runs';
    this.#form.reset();
    for (const [name, value] of [['view', view], ...state]) {
      const input = this.#form.elements.namedItem(name);
      if (input instanceof HTMLInputElement && input.type === 'checkbox') input.checked = true;
      else if (input instanceof RadioNodeList) input.value = value;
      else if (input instanceof HTMLSelectElement) selectValue(input, value);
      else if (input instanceof HTMLInputElement) input.value = value;
    }
    const fields = findAll(part('#fields'), 'select, input', HTMLElement);
    const names = fields.map((field) => field.getAttribute('name') ?? '');
    if (names.some((name) => state.get(name))) this.#toggleFields(true);
  }

  /** @param {boolean} isOpen */
  #toggleFields(isOpen) {
    part('#fields').hidden = !isOpen;
    this.#more.ariaExpanded = String(isOpen);
  }

  /** @param {Event} event */
  #onInput(event) {
    clearTimeout(this.#typing);
    const isTyped = event.target instanceof HTMLInputElement && event.target.type === 'search';
    if (isTyped) this.#typing = setTimeout(() => this.#apply('replace'), TYPING_MS);
    else this.#apply('push');
  }

  /** @param {'push' | 'replace' | null} [entry] of the browser's history; by default none */
  #apply(entry = null) {
    const state = this.state;
    const address = location.pathname + addressOf(state);
    if (entry === 'push') history.pushState(null, '', address);
    if (entry === 'replace') history.replaceState(null, '', address);
    find(document, '#export', HTMLAnchorElement).href = `${VARIANTS}/export.zip?${apiQuery(state)}`;
    part('#clear-filters').hidden = !isFiltered(state);
    this.#onChange();
  }
}

/**
 * Selects a value, also one that is not offered any more: the list then says that nothing matches.
 *
 * @param {HTMLSelectElement} select
 * @param {string} value
 */
function selectValue(select, value) {
  select.value = value;
  if (select.value === value) return;
  select.append(untranslatedOption(value, value));
  select.value = value;
}
