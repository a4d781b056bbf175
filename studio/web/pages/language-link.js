/**
 * Another language: a link with `data-language` has the server set the language's cookie, and reloads
 * the page. Without this script the link's address does the same, and stays in the address bar.
 */
import { closest } from '../lib/dom.js';
import { STORAGE_KEYS } from '../lib/storage.js';

const COOKIE = 'studio_language';
const LANGUAGES = ['en', 'zh-CN'];

/** @param {string} language */
async function choose(language) {
  await fetch(`/own/locales/${language}.json?lang=${language}`);
  const url = new URL(location.href);
  url.searchParams.delete('lang');
  history.replaceState(null, '', url);
  location.reload();
}

/** Browsers stored the choice in their local storage before the server wrote pages in a language. */
function moveStoredChoice() {
  const stored = localStorage.getItem(STORAGE_KEYS.language);
  if (stored === null) return;
  localStorage.removeItem(STORAGE_KEYS.language);
  const isUsable = LANGUAGES.includes(stored) && !document.cookie.includes(`${COOKIE}=`);
  if (isUsable && stored !== document.documentElement.lang) choose(stored);
}

document.addEventListener('click', (event) => {
  const language = closest(event, 'a[data-language]')?.dataset.language;
  if (!language) return;
  event.preventDefault();
  choose(language);
});
moveStoredChoice();
