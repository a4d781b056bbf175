/**
 * The history: runs or single images page by page as one scrolls, the newest first; filters, selection,
 * stars, tags, collections and saved searches.
 *
 * @import { Run } from '../components/run-card.js'
 * @import { Variant } from '../components/variant-facts.js'
 */
import { paragraph } from '../components/dialogs.js';
import { EndlessList } from '../components/endless-list.js';
import { HistoryFilter } from '../components/history-filter.js';
import { dayKey, dayName, runCard, variantTile } from '../components/run-card.js';
import { SavedSearches } from '../components/saved-searches.js';
import { VariantDialog } from '../components/variant-dialog.js';
import { compareVariants, zoomVariant } from '../components/variant-lightbox.js';
import { VariantSelection } from '../components/variant-selection.js';
import { closest, element, findAll, part } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { apiQuery } from '../lib/history-address.js';
import { API, getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { markReady } from '../lib/ready.js';

const VARIANTS = `${API}/variants`;

class HistoryPage {
  #root = part('#list');
  /** @type {Map<number, Variant>} what is listed, in the list's order */
  #variants = new Map();
  #list = new EndlessList(
    part('#end'),
    (cursor) => this.#load(cursor),
    (items, isEnd) => this.#append(items, isEnd),
  );
  #filter = new HistoryFilter(() => this.#reset());
  #selection = new VariantSelection(this.#root, this.#variants, {
    compare: (variants) => compareVariants(variants, this.#filter.options.base_images),
    onLabel: (variant) => this.#showStar(variant),
    onName: (kind, name) => this.#filter.offer(kind, name),
    onDelete: () => this.#reset(),
  });
  #dialog = new VariantDialog({
    all: () => [...this.#variants.values()],
    hasMore: () => this.#list.hasMore,
    loadMore: () => this.#list.loadMore(),
    zoom: (variant) =>
      zoomVariant(variant, [...this.#variants.values()], this.#filter.options.base_images),
    themeName: (slug) =>
      this.#filter.options.themes.find((theme) => theme.slug === slug)?.name ?? slug,
    onChange: (variant) => this.#showStar(variant),
  });
  #searches = new SavedSearches(
    () => this.#filter.state,
    (state) => this.#filter.open(state),
  );
  /** The day under whose heading the last item is. */
  #day = '';

  async start() {
    this.#root.addEventListener('click', (event) => this.#onClick(event));
    markReady();
    await withErrorDisplay(() => this.#filter.loadOptions());
    this.#filter.openAddress();
    await withErrorDisplay(() => this.#searches.load());
  }

  #reset() {
    this.#root.replaceChildren();
    this.#root.className = this.#filter.isByRun ? 'runs' : 'tiles';
    this.#root.ariaBusy = 'true';
    part('#end').replaceChildren();
    this.#variants.clear();
    this.#day = '';
    this.#selection.show();
    this.#list.reset();
  }

  /**
   * @param {number | null} cursor
   * @returns {Promise<{ items: (Run | Variant)[], next_cursor: number | null }>}
   */
  async #load(cursor) {
    const query = apiQuery(this.#filter.state);
    if (cursor !== null) query.set('before', String(cursor));
    const path = this.#filter.isByRun ? `${VARIANTS}/runs` : VARIANTS;
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
    const themes = Object.fromEntries(
      this.#filter.options.themes.map(({ slug, name }) => [slug, name]),
    );
    const options = { baseImages: this.#filter.options.base_images, themes };
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
    const runs = shown === '1' ? t('page.history.run_count_one') : null;
    part('#count').textContent = this.#filter.isByRun
      ? (runs ?? t('page.history.run_count', { count: shown }))
      : t('page.history.count', { count: shown });
    if (!isEnd) return;
    part('#end').replaceChildren(count ? t('page.history.end_of_list') : this.#emptyState());
  }

  #emptyState() {
    if (this.#filter.isFiltered) {
      const clear = element('button', { type: 'button' }, t('page.history.clear_filters'));
      clear.addEventListener('click', () => this.#filter.clear());
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
}

await new HistoryPage().start();
