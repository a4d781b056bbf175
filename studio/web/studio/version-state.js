/**
 * The state of what is edited, beside the theme's name: its version with what is unsaved, and whether the
 * theme is live, in review and so on, as the gallery of themes names it. The link to the review follows it.
 *
 * The recipe inspector tells which version is open and how many changes are unsaved (`unsaved-changes`).
 *
 * @import { ThemeSummary } from '../components/theme-states.js'
 * @typedef {{ slug: string, version: number, count: number }} Edited
 */
import { reviewUrl, THEMES } from '../components/theme-actions.js';
import { stateChip, themeStates } from '../components/theme-states.js';
import { element, find } from '../lib/dom.js';
import { getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { hintKey } from '../lib/keys.js';

class VersionState {
  #root = element('div', { id: 'version-state', role: 'status' });
  #version = element('span', { className: 'chip' });
  #states = element('span', { className: 'chips' });
  /** What is shown, so that nothing is fetched or read out twice. */
  #shown = { theme: '', version: '' };

  constructor() {
    this.#root.append(this.#version, this.#states);
    document.addEventListener('unsaved-changes', (event) => {
      if (event instanceof CustomEvent) this.#show(event.detail);
    });
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.#load(this.#slug); // It may have been published meanwhile.
    });
  }

  #slug = '';

  /** @param {Edited} edited */
  #show({ slug, version, count }) {
    this.#attach();
    const theme = `${slug} ${version}`;
    if (theme !== this.#shown.theme) this.#load(slug);
    this.#slug = slug;
    this.#shown.theme = theme;
    find(document, '#review-link a', HTMLAnchorElement).href = reviewUrl(slug, version);
    const unsaved = count === 1 ? t('studio.unsaved_one') : t('studio.unsaved_many', { count });
    const detail = count ? unsaved : t('page.shell.saved');
    if (this.#shown.version === `${version} ${detail}`) return;
    this.#shown.version = `${version} ${detail}`;
    this.#version.classList.toggle('chip-unsaved', count > 0);
    const number = element('b', { translate: false }, `v${version}`);
    this.#version.replaceChildren(number, element('span', {}, ` · ${detail}`));
  }

  /** Gradio's header is there once the inspector is. */
  #attach() {
    if (this.#root.isConnected) return;
    find(document, '#header .form', HTMLElement).after(this.#root);
    hintKey(find(document, '#save', HTMLElement), 'save');
  }

  /** @param {string} slug */
  async #load(slug) {
    if (!slug) return;
    const query = new URLSearchParams({ text: slug, archived: 'true' });
    const themes = /** @type {ThemeSummary[]} */ (
      await getJson(`${THEMES}?${query}`).catch(() => [])
    );
    const theme = themes.find((each) => each.slug === slug);
    if (slug === this.#slug && theme) {
      this.#states.replaceChildren(...themeStates(theme).map(stateChip));
    }
  }
}

new VersionState();
