/**
 * What the command palette offers: the commands of the present page, the pages, and the themes.
 *
 * @import { ThemeSummary } from '../components/theme-states.js'
 * @typedef {object} PaletteItem
 * @property {string} label
 * @property {string} hint what kind it is
 * @property {string} [key] that does the same, as in the registry
 * @property {string} [textId] of the label, by which its words in another language are found
 * @property {() => void} run
 */
import { studioUrl, THEMES } from '../components/theme-actions.js';
import { findAll } from '../lib/dom.js';
import { getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { keyOf } from '../lib/keys.js';
import { COMMANDS, offered, press } from './commands.js';

/** @returns {PaletteItem[]} of the page as it is now */
export function pageItems() {
  return [...commandItems(), ...placeItems(), ...settingItems()];
}

/** @returns {PaletteItem[]} */
function commandItems() {
  return COMMANDS.flatMap(({ id, text, selector }) => {
    const control = id === 'palette' ? undefined : offered(selector);
    if (!control) return [];
    const run = () => press(control);
    return [{ label: t(text), hint: t('page.shell.command'), key: keyOf(id), textId: text, run }];
  });
}

/** The links of the rail and of its menu, each address once. @returns {PaletteItem[]} */
function placeItems() {
  const links = findAll(document, '.rail a, #more a', HTMLAnchorElement);
  const byAddress = new Map(links.map((link) => [link.href, link]));
  return [...byAddress].map(([href, link]) => ({
    label: link.textContent?.trim() ?? '',
    hint: t('page.shell.page'),
    textId: link.dataset.text,
    run: () => location.assign(href),
  }));
}

/** The language and the appearance. @returns {PaletteItem[]} */
function settingItems() {
  const languages = findAll(document, '#account-menu [data-language]', HTMLElement).map((link) => ({
    label: t('page.shell.choose_language', { language: link.textContent }),
    textId: 'page.shell.choose_language',
    run: () => link.click(),
  }));
  const schemes = findAll(document, '#color-scheme input', HTMLInputElement).map((radio) => ({
    label: t('page.shell.choose_color_scheme', {
      scheme: radio.parentElement?.textContent?.trim(),
    }),
    textId: 'page.shell.choose_color_scheme',
    run: () => radio.click(),
  }));
  const hint = t('page.shell.setting');
  return [...languages, ...schemes].map((item) => ({ ...item, hint }));
}

/** @returns {Promise<PaletteItem[]>} each theme twice: opened in the studio, and its page */
export async function themeItems() {
  const themes = /** @type {ThemeSummary[]} */ (await getJson(THEMES));
  return themes.flatMap(({ slug, name, latest }) => [
    {
      label: name,
      hint: t('page.themes.open_in_studio'),
      run: () => location.assign(studioUrl(slug, latest)),
    },
    {
      label: name,
      hint: t('page.shell.theme_page'),
      run: () => location.assign(`/themes/${slug}`),
    },
  ]);
}

/** @returns {Promise<Record<string, string>[]>} the texts of the other languages, by id */
export async function otherTexts() {
  const codes = findAll(document, '#account-menu [data-language]', HTMLElement);
  return Promise.all(
    codes.map(async ({ dataset }) => (await fetch(`/own/locales/${dataset.language}.json`)).json()),
  );
}
