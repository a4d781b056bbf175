/**
 * Drafts: unsaved changes, which this browser stores for each theme, and the last one of all.
 *
 * A draft is JSON that the server writes and reads. Browsers that store nothing still edit.
 */
import { STORAGE_KEYS } from '../lib/storage.js';

/**
 * @param {() => Storage} storage may throw where it is blocked
 * @param {string} key
 * @returns {string | null}
 */
function read(storage, key) {
  try {
    return storage().getItem(key);
  } catch {
    return null;
  }
}

const ofBrowser = () => localStorage;
const ofTab = () => sessionStorage;

/**
 * Stores a draft of its theme while it differs from what is saved.
 *
 * @param {string} text empty where there is none
 */
export function storeDraft(text) {
  if (!text) return;
  /** @type {{ slug: string, changed: boolean, preset: unknown }} */
  const { slug, changed, preset } = JSON.parse(text);
  const key = STORAGE_KEYS.draftPrefix + slug;
  try {
    if (changed) localStorage.setItem(key, text);
    else localStorage.removeItem(key);
    if (!preset) return;
    localStorage.setItem(STORAGE_KEYS.lastDraft, text);
    sessionStorage.setItem(STORAGE_KEYS.lastDraft, text);
  } catch {
    // Nothing is stored here, or there is no room.
  }
}

/** @returns {string} the draft that was edited last in this tab, else in this browser; may be empty */
export function lastDraft() {
  const key = STORAGE_KEYS.lastDraft;
  return read(ofTab, key) ?? read(ofBrowser, key) ?? '';
}

/**
 * @param {string} slug of a theme
 * @returns {string} its draft; empty where there is none
 */
export function draftOf(slug) {
  return read(ofBrowser, STORAGE_KEYS.draftPrefix + slug) ?? '';
}

/**
 * Takes the version that the page's address names out of it: a reload is not to open it again.
 *
 * @returns {[slug: string, number: number, draft: string]} with the draft of its theme
 */
export function takeVersion() {
  const query = new URLSearchParams(location.search);
  history.replaceState(null, '', location.pathname);
  const slug = query.get('preset') ?? '';
  return [slug, Number(query.get('version')), draftOf(slug)];
}
