/**
 * Drafts: unsaved changes, which this browser stores for each theme, and the last one of all.
 *
 * The server writes and reads a draft's JSON (`studio/ui/draft.py`). The page's handlers in
 * `studio/ui/draft_storage.py` call these functions by name. Without storage the page works all the same.
 */
import { STORAGE_KEYS } from '../lib/storage.js';

/** @typedef {{ slug: string, changed: boolean, preset?: unknown }} Draft what is read of it here */

/**
 * @param {() => Storage} storage throws where the browser blocks it
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
 * Stores a theme's draft, or deletes it once it no longer differs from what is saved.
 *
 * @param {string} text a draft's JSON; empty where there is none
 */
export function storeDraft(text) {
  if (!text) return;
  /** @type {Draft} */
  const { slug, changed, preset } = JSON.parse(text);
  const key = STORAGE_KEYS.draftPrefix + slug;
  try {
    if (changed) localStorage.setItem(key, text);
    else localStorage.removeItem(key);
    if (!preset) return;
    localStorage.setItem(STORAGE_KEYS.lastDraft, text);
    sessionStorage.setItem(STORAGE_KEYS.lastDraft, text);
    document.dispatchEvent(new CustomEvent('draft-stored'));
  } catch {
    // Storage is blocked or full.
  }
}

/**
 * Reads the draft that was edited last in this tab, else in this browser.
 *
 * @returns {string} a draft's JSON, or an empty text
 */
export function loadLastDraft() {
  return read(ofTab, STORAGE_KEYS.lastDraft) ?? read(ofBrowser, STORAGE_KEYS.lastDraft) ?? '';
}

/** @returns {string} the id of the base image of that draft, or an empty text */
export function lastBaseImage() {
  try {
    /** @type {{ base_image_id?: unknown }} */
    const { base_image_id: id } = JSON.parse(loadLastDraft());
    return typeof id === 'string' ? id : '';
  } catch {
    return ''; // There is none, or another release stored it.
  }
}

/**
 * Reads a theme's draft.
 *
 * @param {string} slug
 * @returns {string} a draft's JSON, or an empty text
 */
export function loadDraft(slug) {
  return read(ofBrowser, STORAGE_KEYS.draftPrefix + slug) ?? '';
}
