/**
 * What a run was made with, as short texts that can be compared with what the page has now.
 *
 * @typedef {object} Settings
 * @property {string} shared theme prompt, user's prompt, base image, drawing
 * @property {Record<string, string>} recipes by slot
 *
 * @typedef {object} Draft what is read of a draft's JSON (`studio/ui/draft.py`)
 * @property {{ slug: string, theme_prompt: string, recipes: Record<string, unknown> }} [preset]
 * @property {string} [base_image_id]
 * @property {string} [user_prompt]
 */
import { STORAGE_KEYS } from '../lib/storage.js';

/**
 * A short text that differs for different texts, but for one pair in four billion (FNV-1a, 32 bits).
 *
 * @param {string} text
 */
export function digest(text) {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(36);
}

/**
 * @param {string | null} draft JSON of the page's draft
 * @param {string | null} drawing as the browser stores it
 * @returns {Settings | null} null without a draft
 */
export function settingsOf(draft, drawing) {
  if (!draft) return null;
  /** @type {Draft} */
  const { preset, base_image_id, user_prompt } = JSON.parse(draft);
  if (!preset) return null;
  const shared = [preset.theme_prompt, base_image_id, user_prompt, digest(drawing ?? '')];
  const recipes = Object.entries(preset.recipes).map(([slot, recipe]) => [
    slot,
    digest(JSON.stringify(recipe)),
  ]);
  return { shared: digest(JSON.stringify(shared)), recipes: Object.fromEntries(recipes) };
}

/**
 * @param {Settings | null | undefined} made
 * @param {Settings | null} now
 * @param {string} slot
 * @returns {boolean} whether the slot's image was made with other settings; false where unknown
 */
export function isEarlier(made, now, slot) {
  if (!made || !now) return false;
  return made.shared !== now.shared || made.recipes[slot] !== now.recipes[slot];
}

/** @returns {string | null} the draft of this tab, as JSON */
function storedDraft() {
  try {
    return sessionStorage.getItem(STORAGE_KEYS.lastDraft);
  } catch {
    return null;
  }
}

/** @returns {Settings | null} what the page has now, as far as this browser has stored it */
export function currentSettings() {
  try {
    return settingsOf(storedDraft(), localStorage.getItem(STORAGE_KEYS.drawing));
  } catch {
    return null;
  }
}

/** @returns {string} the slug of the theme that is open, or empty */
export function currentTheme() {
  try {
    return JSON.parse(storedDraft() ?? '{}').preset?.slug ?? '';
  } catch {
    return '';
  }
}
