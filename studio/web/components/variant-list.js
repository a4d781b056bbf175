/**
 * Variants of the history, loaded page by page.
 *
 * @import { Variant } from './variant-dialog.js'
 * @typedef {{ variants: Variant[], next_cursor: number | null }} Page `next_cursor` is the id to go on before
 */
import { element, find, findAll, untranslated } from '../lib/dom.js';
import { showError, showErrorText } from '../lib/errors.js';
import { API, getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';

/** Milliseconds until a page that could not be loaded is asked for again. */
const RETRY_MS = 3000;
/** How far below the window the list's end may be when more is loaded. */
const LOAD_MARGIN = '600px';

/** Loads variants as the end of the list comes into view. */
export class VariantList {
  #root = find(document, '#list', HTMLElement);
  #end = find(document, '#end', HTMLElement);
  #count = find(document, '#count', HTMLElement);
  #observer;
  #query = new URLSearchParams();
  /** @type {number | null} the id before which the next page begins; null for the first page and after the last */
  #next = null;
  #length = 0;
  /** Changes when the list is reset: responses to requests from before are discarded. */
  #generation = 0;
  #isLoading = false;
  #onSelect;
  #onOpen;

  /**
   * @param {() => void} onSelect is called when the selection has changed
   * @param {(variant: Variant) => void} onOpen is called with a variant that is pressed
   */
  constructor(onSelect, onOpen) {
    this.#onSelect = onSelect;
    this.#onOpen = onOpen;
    const options = { rootMargin: LOAD_MARGIN };
    this.#observer = new IntersectionObserver((entries) => {
      // A busy page gets several entries at once: the last is the newest.
      if (entries.at(-1)?.isIntersecting && this.#next !== null) this.#load();
    }, options);
  }

  /** The ids of the variants that are ticked. */
  get selectedIds() {
    return findAll(this.#root, ':checked', HTMLInputElement).map((box) => Number(box.value));
  }

  /** @param {URLSearchParams} query what is to be listed, from the beginning */
  reset(query) {
    this.#query = query;
    this.#generation += 1;
    this.#isLoading = false;
    this.#next = null;
    this.#length = 0;
    this.#root.replaceChildren();
    this.#onSelect();
    this.#load();
  }

  async #load() {
    if (this.#isLoading) return;
    this.#isLoading = true;
    const generation = this.#generation;
    const query = new URLSearchParams(this.#query);
    if (this.#next !== null) query.set('before', String(this.#next));
    try {
      const page = /** @type {Page} */ (await getJson(`${API}/variants?${query}`));
      if (generation !== this.#generation) return;
      this.#append(page);
      showErrorText('');
    } catch (error) {
      if (generation !== this.#generation) return;
      showError(error);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    if (generation !== this.#generation) return;
    this.#isLoading = false;
    if (this.#next !== null) this.#observeEnd();
  }

  /** @param {Page} page */
  #append({ variants, next_cursor }) {
    this.#root.append(...variants.map((variant) => this.#figure(variant)));
    this.#length += variants.length;
    this.#next = next_cursor;
    const isEnd = next_cursor === null;
    const end = this.#length ? t('page.history.end_of_list') : t('page.no_matches');
    this.#end.textContent = isEnd ? end : '';
    const count = `${this.#length}${isEnd ? '' : '+'}`;
    this.#count.textContent = t('page.history.count', { count });
  }

  /** An observer reports changes only; observed again, it reports the current state. */
  #observeEnd() {
    this.#observer.unobserve(this.#end);
    this.#observer.observe(this.#end);
  }

  /** @param {Variant} variant */
  #figure(variant) {
    const { id, slot, theme, seed, image: src } = variant;
    const title = t('page.history.created_by', { preset: theme, slot, seed });
    const image = element('img', { src, alt: title, loading: 'lazy', decoding: 'async' });
    const look = t('page.history.open_image');
    const open = element('button', { type: 'button', title: look }, image);
    open.addEventListener('click', () => this.#onOpen(variant));
    const box = element('input', {
      type: 'checkbox',
      value: String(id),
      ariaLabel: t('page.history.select', { variant: title }),
    });
    box.addEventListener('change', () => this.#onSelect());
    const caption = element('figcaption', {}, element('b', {}, slot), untranslated(theme), box);
    return element('figure', {}, open, caption);
  }
}
