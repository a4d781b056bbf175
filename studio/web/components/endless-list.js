/**
 * A list that loads its next page when its end comes into view, and tries again where that failed.
 *
 * @template Item
 * @typedef {{ items: Item[], next_cursor: number | null }} ListPage `next_cursor` is where the next page begins
 */
import { showError, showErrorText } from '../lib/errors.js';

/** Milliseconds until a page that could not be loaded is asked for again. */
const RETRY_MS = 3000;
/** How far below the window the list's end may be when more is loaded. */
const LOAD_MARGIN = '900px';

/** @template Item */
export class EndlessList {
  /** @type {Item[]} everything that is loaded, in the list's order */
  items = [];
  #end;
  #load;
  #onPage;
  #observer;
  /** @type {number | null} where the next page begins; null for the first page and after the last */
  #next = null;
  /** Changes when the list is reset: responses to requests from before are discarded. */
  #generation = 0;
  /** @type {Promise<void> | null} the request under way */
  #loading = null;

  /**
   * @param {HTMLElement} end the element behind the list
   * @param {(cursor: number | null) => Promise<ListPage<Item>>} load
   * @param {(items: Item[], isEnd: boolean) => void} onPage is called with the items of each page
   */
  constructor(end, load, onPage) {
    this.#end = end;
    this.#load = load;
    this.#onPage = onPage;
    this.#observer = new IntersectionObserver(
      (entries) => {
        // A busy page gets several entries at once: the last is the newest.
        if (entries.at(-1)?.isIntersecting && this.hasMore) this.loadMore();
      },
      { rootMargin: LOAD_MARGIN },
    );
  }

  /** Whether there is a page that is not loaded. */
  get hasMore() {
    return this.#next !== null;
  }

  /** Begins anew. */
  reset() {
    this.#generation += 1;
    this.#loading = null;
    this.#next = null;
    this.items = [];
    return this.loadMore();
  }

  /** Loads the next page; resolves when it is there, or has failed. */
  loadMore() {
    this.#loading ??= this.#loadPage(this.#generation);
    return this.#loading;
  }

  /** @param {number} generation */
  async #loadPage(generation) {
    try {
      const page = await this.#load(this.#next);
      if (generation !== this.#generation) return;
      this.items.push(...page.items);
      this.#next = page.next_cursor;
      this.#onPage(page.items, page.next_cursor === null);
      showErrorText('');
      this.#loading = null;
    } catch (error) {
      if (generation !== this.#generation) return;
      showError(error);
      setTimeout(() => {
        if (generation !== this.#generation) return;
        this.#loading = null;
        this.loadMore();
      }, RETRY_MS);
      return;
    }
    if (this.hasMore) this.#observeEnd();
  }

  /** An observer reports changes only; observed again, it reports the current state. */
  #observeEnd() {
    this.#observer.unobserve(this.#end);
    this.#observer.observe(this.#end);
  }
}
