/**
 * The history: runs or single images page by page as one scrolls, the newest first; filters, selection,
 * stars, tags, collections and saved searches.
 *
 * @import { Run } from '../components/run-card.js'
 * @import { Variant } from '../components/variant-facts.js'
 * @typedef {object} FilterOptions
 * @property {{ slug: string, name: string }[]} themes
 * @property {string[]} models
 * @property {string[]} samplers
 * @property {string[]} tags
 * @property {string[]} collections
 * @property {Record<string, string>} base_images addresses by id
 */
import { compareVariants, MOST_COMPARED } from '../components/comparison.js';
import { confirmAction, paragraph } from '../components/dialogs.js';
import { EndlessList } from '../components/endless-list.js';
import { dayKey, dayName, runCard, variantTile } from '../components/run-card.js';
import { SavedSearches } from '../components/saved-searches.js';
import { relabel, setLabel, VariantDialog } from '../components/variant-dialog.js';
import {
  closest,
  element,
  find,
  findAll,
  formQuery,
  onSubmit,
  untranslatedOption,
} from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { addressOf, apiQuery, isFiltered } from '../lib/history-address.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { markReady } from '../lib/ready.js';
import { roveFocus } from '../lib/roving-focus.js';

const VARIANTS = `${API}/variants`;
/** Milliseconds after the last key until the list is filtered by the text. */
const TYPING_MS = 250;

/** @param {string} selector */
const part = (selector) => find(document, selector, HTMLElement);

class HistoryPage {
  #form = find(document, '#filter', HTMLFormElement);
  #root = part('#list');
  #selection = part('#selection');
  #resetFocus = roveFocus(this.#selection, 'button');
  #more = part('#more-filters');
  /** @type {FilterOptions} */
  #options = { themes: [], models: [], samplers: [], tags: [], collections: [], base_images: {} };
  /** @type {Map<number, Variant>} what is listed, in the list's order */
  #variants = new Map();
  #list = new EndlessList(
    part('#end'),
    (cursor) => this.#load(cursor),
    (items, isEnd) => this.#append(items, isEnd),
  );
  #dialog = new VariantDialog({
    all: () => [...this.#variants.values()],
    loadMore: () => this.#list.loadMore(),
    themeName: (slug) => this.#options.themes.find((theme) => theme.slug === slug)?.name ?? slug,
    onChange: (variant) => this.#showStar(variant),
  });
  #searches = new SavedSearches(
    () => this.#state,
    (state) => {
      this.#fill(state);
      this.#apply('push');
    },
  );
  /** The day under whose heading the last item is. */
  #day = '';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;

  async start() {
    this.#form.addEventListener('input', (event) => this.#onInput(event));
    onSubmit(this.#form, () => {});
    this.#more.addEventListener('click', () => this.#toggleFields(Boolean(part('#fields').hidden)));
    part('#clear-filters').addEventListener('click', () => this.#clearFilters());
    this.#root.addEventListener('click', (event) => this.#onClick(event));
    this.#root.addEventListener('change', () => this.#showSelection());
    this.#selection.addEventListener('click', (event) => this.#act(event));
    addEventListener('popstate', () => {
      this.#fill(new URLSearchParams(location.search));
      this.#apply();
    });
    markReady();
    await withErrorDisplay(() => this.#loadOptions());
    this.#fill(new URLSearchParams(location.search));
    this.#apply();
    await withErrorDisplay(() => this.#searches.load());
  }

  async #loadOptions() {
    this.#options = /** @type {FilterOptions} */ (await getJson(`${VARIANTS}/filter-options`));
    const { themes, models, samplers, tags, collections } = this.#options;
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

  get #state() {
    return formQuery(this.#form);
  }

  get #isByRun() {
    return this.#state.get('view') !== 'images';
  }

  /** @param {URLSearchParams} state what the page's address asks for */
  #fill(state) {
    const view = this.#state.get('view') ?? 'runs';
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

  #clearFilters() {
    this.#fill(new URLSearchParams());
    this.#apply('push');
  }

  /** @param {'push' | 'replace' | null} [entry] of the browser's history; by default none */
  #apply(entry = null) {
    const state = this.#state;
    const address = location.pathname + addressOf(state);
    if (entry === 'push') history.pushState(null, '', address);
    if (entry === 'replace') history.replaceState(null, '', address);
    find(document, '#export', HTMLAnchorElement).href = `${VARIANTS}/export.zip?${apiQuery(state)}`;
    part('#clear-filters').hidden = !isFiltered(state);
    this.#reset();
  }

  #reset() {
    this.#root.replaceChildren();
    this.#root.className = this.#isByRun ? 'runs' : 'tiles';
    this.#root.ariaBusy = 'true';
    part('#end').replaceChildren();
    this.#variants.clear();
    this.#day = '';
    this.#showSelection();
    this.#list.reset();
  }

  /**
   * @param {number | null} cursor
   * @returns {Promise<{ items: (Run | Variant)[], next_cursor: number | null }>}
   */
  async #load(cursor) {
    const query = apiQuery(this.#state);
    if (cursor !== null) query.set('before', String(cursor));
    const path = this.#isByRun ? `${VARIANTS}/runs` : VARIANTS;
    const page = /** @type {{ runs?: Run[], variants?: Variant[], next_cursor: number | null }} */ (
      await getJson(`${path}?${query}`)
    );
    return { items: page.runs ?? page.variants ?? [], next_cursor: page.next_cursor };
  }

  /**
   * @param {(Run | Variant)[]} items
   * @param {boolean} isEnd
   */
  #append(items, isEnd) {
    const themes = Object.fromEntries(this.#options.themes.map(({ slug, name }) => [slug, name]));
    const options = { baseImages: this.#options.base_images, themes };
    for (const item of items) {
      const variants = 'variants' in item ? item.variants : [item];
      for (const variant of variants) this.#variants.set(variant.id, variant);
      this.#startDay(variants[0].created_at);
      this.#root.append('variants' in item ? runCard(item, options) : variantTile(item));
    }
    this.#root.ariaBusy = 'false';
    this.#showEnd(isEnd);
  }

  /** @param {string} timestamp */
  #startDay(timestamp) {
    const day = dayKey(timestamp);
    if (day === this.#day) return;
    this.#day = day;
    this.#root.append(element('h2', { className: 'day' }, dayName(timestamp)));
  }

  /** @param {boolean} isEnd */
  #showEnd(isEnd) {
    const count = this.#list.items.length;
    const shown = `${count}${isEnd ? '' : '+'}`;
    part('#count').textContent = this.#isByRun
      ? t('page.history.run_count', { count: shown })
      : t('page.history.count', { count: shown });
    if (!isEnd) return;
    part('#end').replaceChildren(count ? t('page.history.end_of_list') : this.#emptyState());
  }

  #emptyState() {
    if (isFiltered(this.#state)) {
      const clear = element('button', { type: 'button' }, t('page.history.clear_filters'));
      clear.addEventListener('click', () => this.#clearFilters());
      return element('div', { className: 'empty' }, paragraph(t('page.no_matches')), clear);
    }
    const open = element('a', { href: '/', className: 'primary' }, t('page.history.open_studio'));
    return element('div', { className: 'empty' }, paragraph(t('page.history.empty')), open);
  }

  /** @param {Event} event */
  #onClick(event) {
    const tile = closest(event, '.open')?.closest('[data-variant]');
    if (!(tile instanceof HTMLElement)) return;
    const variant = this.#variants.get(Number(tile.dataset.variant));
    if (variant) this.#dialog.open(variant);
  }

  /** @param {Variant} variant */
  #showStar({ id, starred }) {
    for (const tile of findAll(this.#root, `[data-variant="${id}"]`, HTMLElement)) {
      tile.classList.toggle('starred', starred);
    }
  }

  /** @returns {Variant[]} */
  get #selected() {
    const boxes = findAll(this.#root, ':checked', HTMLInputElement);
    return boxes.flatMap((box) => this.#variants.get(Number(box.value)) ?? []);
  }

  #showSelection() {
    const count = this.#selected.length;
    this.#selection.hidden = count === 0;
    part('#selected-count').textContent = t('page.history.selected', { count });
    find(this.#selection, '[data-action=compare]', HTMLButtonElement).disabled =
      count < 2 || count > MOST_COMPARED;
    find(this.#selection, '[data-action=delete]', HTMLElement).textContent = t(
      'page.history.delete_count',
      { count },
    );
    this.#resetFocus(); // Compare may be the first or not be pressed.
  }

  /** @param {Event} event */
  async #act(event) {
    const action = closest(event, '[data-action]')?.dataset.action;
    const variants = this.#selected;
    if (action === 'compare') compareVariants(variants);
    if (action === 'clear') this.#clearSelection();
    if (action === 'delete') await this.#delete(variants);
    if (action === 'tag' || action === 'collection') await this.#addLabel(variants, action);
    if (action === 'star') {
      const isSet = !variants.every((variant) => variant.starred);
      await withErrorDisplay(() => this.#label(variants, 'star', '', isSet));
    }
  }

  #clearSelection() {
    for (const box of findAll(this.#root, ':checked', HTMLInputElement)) box.checked = false;
    this.#showSelection();
  }

  /** @param {Variant[]} variants */
  async #delete(variants) {
    const ids = variants.map((variant) => variant.id);
    await confirmAction({
      title: t('page.history.delete_confirmed', { count: ids.length }),
      content: [paragraph(t('page.history.delete_is_final'))],
      label: t('page.history.delete_count', { count: ids.length }),
      danger: true,
      action: async () => {
        await postJson(`${VARIANTS}/delete`, { ids });
        this.#reset();
      },
    });
  }

  /**
   * @param {Variant[]} variants
   * @param {'tag' | 'collection'} kind
   */
  async #addLabel(variants, kind) {
    const isTag = kind === 'tag';
    const input = element('input', { name: 'name', required: true, maxLength: 80 });
    input.setAttribute('list', isTag ? 'tag-names' : 'collection-names');
    const name = isTag ? t('page.history.tag') : t('page.history.collection');
    await confirmAction({
      title: isTag ? t('page.history.add_tag') : t('page.history.add_to_collection'),
      content: [element('label', {}, name, ' ', input)],
      label: t('page.history.add'),
      action: () => this.#label(variants, kind, input.value.trim(), true),
      canConfirm: () => input.value.trim() !== '',
    });
  }

  /**
   * @param {Variant[]} variants
   * @param {'star' | 'tag' | 'collection'} kind
   * @param {string} name
   * @param {boolean} isSet
   */
  async #label(variants, kind, name, isSet) {
    const ids = variants.map((variant) => variant.id);
    await setLabel(ids, kind, name, isSet);
    for (const variant of variants) {
      relabel(variant, kind, name, isSet);
      this.#showStar(variant);
    }
    if (kind !== 'star') this.#offer(kind, name);
    this.#clearSelection();
  }

  /**
   * Offers a name that is new as a filter, too.
   *
   * @param {'tag' | 'collection'} kind
   * @param {string} name
   */
  #offer(kind, name) {
    const field = this.#field(kind);
    if ([...field.options].some((option) => option.value === name)) return;
    field.append(untranslatedOption(name, name));
    part(`#${kind}-names`).append(element('option', { value: name }));
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

await new HistoryPage().start();
