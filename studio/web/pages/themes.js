/**
 * The gallery of themes: what each makes, its state, and what is done with a whole theme.
 *
 * @import { StateFilter, ThemeSummary } from '../components/theme-states.js'
 */
import { createTheme, importTheme, studioUrl, THEMES } from '../components/theme-actions.js';
import { themeCard } from '../components/theme-card.js';
import { filtersOf } from '../components/theme-states.js';
import { element, find, onSubmit, part } from '../lib/dom.js';
import { onPress, withErrorDisplay } from '../lib/errors.js';
import { getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { markReady } from '../lib/ready.js';

/** @typedef {StateFilter | 'all'} Filter */

/** @type {readonly Filter[]} */
const FILTERS = ['all', 'live', 'review', 'scheduled', 'draft', 'archived'];

class Gallery {
  #search = find(document, '#search [type=search]', HTMLInputElement);
  /** @type {ThemeSummary[]} */
  #themes = [];
  /** By slug, so that filtering draws no image anew. @type {Map<string, HTMLElement>} */
  #cards = new Map();
  /** @type {Filter} */
  #filter = 'all';

  async start() {
    const { searchParams } = new URL(location.href);
    const former = searchParams.get('theme'); // How a theme was addressed before it had a page.
    if (former) return location.replace(`/themes/${encodeURIComponent(former)}`);
    const filter = FILTERS.find((each) => each === searchParams.get('state'));
    if (filter) this.#filter = filter;
    this.#search.value = searchParams.get('q') ?? '';
    this.#search.addEventListener('input', () => this.#show());
    onSubmit(find(document, '#search', HTMLFormElement), () => {});
    const create = find(document, '#new-theme', HTMLButtonElement);
    const importFile = find(document, '#import', HTMLButtonElement);
    onPress(create, () => this.#create());
    onPress(importFile, () => this.#import());
    onPress(part('#no-themes button'), () => this.#leaveEmpty());
    markReady();
    importFile.disabled = false;
    // What a new theme begins with is one of those that are listed.
    create.disabled = !(await withErrorDisplay(() => this.#load()));
  }

  async #load() {
    this.#themes = /** @type {ThemeSummary[]} */ (await getJson(`${THEMES}?archived=true`));
    this.#cards = new Map(
      this.#themes.map((theme) => [theme.slug, themeCard(theme, () => this.#load())]),
    );
    this.#show();
    part('#themes').ariaBusy = 'false';
  }

  #show() {
    const found = this.#themes.filter((theme) => matches(theme, this.#search.value));
    const shown = found.filter((theme) => isShown(theme, this.#filter));
    this.#showFilters(found);
    const cards = shown.flatMap(({ slug }) => this.#cards.get(slug) ?? []);
    part('#themes').replaceChildren(...cards);
    part('#no-themes').hidden = shown.length > 0;
    part('#no-themes p').textContent = this.#isFiltered
      ? t('page.themes.none_match')
      : t('page.themes.empty');
    part('#no-themes button').textContent = this.#isFiltered
      ? t('page.clear_filter')
      : t('page.themes.import_ellipsis');
    this.#remember();
  }

  get #isFiltered() {
    return this.#filter !== 'all' || this.#search.value !== '';
  }

  /** Shows all themes; where there are none, asks for a file of one. */
  async #leaveEmpty() {
    if (!this.#isFiltered) {
      await this.#import();
      return;
    }
    this.#filter = 'all';
    this.#search.value = '';
    this.#show();
    this.#search.focus();
  }

  /** Keeps search and filter in the address, for Back and for links. */
  #remember() {
    const url = new URL(location.href);
    url.search = '';
    if (this.#search.value) url.searchParams.set('q', this.#search.value);
    if (this.#filter !== 'all') url.searchParams.set('state', this.#filter);
    history.replaceState(null, '', url);
  }

  /** @param {readonly ThemeSummary[]} found */
  #showFilters(found) {
    const names = {
      all: t('page.themes.filter_all'),
      live: t('page.themes.filter_live'),
      review: t('page.themes.filter_review'),
      scheduled: t('page.themes.filter_scheduled'),
      draft: t('page.themes.filter_draft'),
      archived: t('page.themes.archived'),
    };
    const focused = document.activeElement?.getAttribute('data-filter');
    const buttons = FILTERS.map((filter) => {
      const count = found.filter((theme) => isShown(theme, filter)).length;
      const button = element('button', { type: 'button' }, `${names[filter]} ${count}`);
      button.dataset.filter = filter;
      button.ariaPressed = String(filter === this.#filter);
      button.addEventListener('click', () => {
        this.#filter = filter;
        this.#show();
      });
      return button;
    });
    part('#filters').replaceChildren(...buttons);
    buttons.find((button) => button.dataset.filter === focused)?.focus();
  }

  async #create() {
    const active = this.#themes.filter((theme) => !theme.archived);
    const slug = await createTheme(active);
    if (slug) location.assign(studioUrl(slug, 1));
  }

  async #import() {
    const slug = await importTheme();
    if (slug) location.assign(`/themes/${slug}`);
  }
}

/**
 * @param {ThemeSummary} theme
 * @param {string} text each word of it is in the theme's name, address, author or tags
 */
function matches({ name, slug, author, tags }, text) {
  const all = [name, slug, author, ...tags].join(' ').toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

/**
 * @param {ThemeSummary} theme
 * @param {Filter} filter
 */
function isShown(theme, filter) {
  return filter === 'all' ? !theme.archived : filtersOf(theme).has(filter);
}

await new Gallery().start();
