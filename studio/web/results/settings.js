/**
 * What a run was made with, as short texts that can be compared with what the page has now.
 *
 * @import { Variant } from '../components/variant-facts.js'
 *
 * @typedef {object} Settings
 * @property {string | null} shared theme prompt, user's prompt, base image; null where they are not known
 * @property {string | null} drawing null where it is not known
 * @property {Record<string, string>} recipes by slot
 *
 * @typedef {object} Draft what is read of a draft's JSON (`studio/ui/draft.py`)
 * @property {{ slug: string, theme_prompt: string, recipes: Record<string, Recipe> }} [preset]
 * @property {string} [base_image_id]
 * @property {string} [user_prompt]
 * @typedef {{ name?: string } & Readonly<Record<string, unknown>>} Recipe
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
 * @param {string} themePrompt
 * @param {string} baseImage its id
 * @param {string} prompt of the user
 */
function sharedDigest(themePrompt, baseImage, prompt) {
  const words = prompt.split(/\s+/).filter(Boolean).join(' ');
  return digest(JSON.stringify([themePrompt.trim(), baseImage, words]));
}

/**
 * What decides the pixels: without the recipe's name and the hashes of models, which saving adds.
 *
 * @param {Recipe} recipe
 */
function recipeDigest({ name: _, ...recipe }) {
  return digest(JSON.stringify(sorted(recipe)));
}

/**
 * @param {unknown} value of JSON
 * @returns {unknown} the same with the keys in order, and without hashes
 */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([key]) => key !== 'sha256');
  fields.sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(fields.map(([key, field]) => [key, sorted(field)]));
}

/**
 * @param {string | null} draft JSON of the page's draft
 * @param {string | null} drawing a digest of what is on the canvas; null where it is not known
 * @returns {Settings | null} null without a draft
 */
export function settingsOf(draft, drawing) {
  if (!draft) return null;
  /** @type {Draft} */
  const { preset, base_image_id = '', user_prompt = '' } = JSON.parse(draft);
  if (!preset) return null;
  const recipes = Object.entries(preset.recipes).map(([slot, recipe]) => [
    slot,
    recipeDigest(recipe),
  ]);
  const shared = sharedDigest(preset.theme_prompt, base_image_id, user_prompt);
  return { shared, drawing, recipes: Object.fromEntries(recipes) };
}

/**
 * @param {readonly Variant[]} variants of one run
 * @returns {Settings}
 */
export function settingsOfVariants(variants) {
  const [{ theme_prompt, user_prompt, base_image, doodle }] = variants;
  const isKnown = theme_prompt !== null && user_prompt !== null;
  const recipes = variants.map(({ slot, recipe }) => [
    slot,
    recipeDigest(/** @type {Recipe} */ (/** @type {unknown} */ (recipe))),
  ]);
  return {
    shared: isKnown ? sharedDigest(theme_prompt, base_image, user_prompt) : null,
    drawing: doodle === null ? '' : null,
    recipes: Object.fromEntries(recipes),
  };
}

/**
 * @param {Settings | null | undefined} made
 * @param {Settings | null} now
 * @param {string} slot
 * @returns {boolean} whether the slot's image was made with other settings; false where unknown
 */
export function isEarlier(made, now, slot) {
  if (!made || !now) return false;
  const isOther = (/** @type {'shared' | 'drawing'} */ part) =>
    made[part] !== null && now[part] !== null && made[part] !== now[part];
  const recipe = made.recipes[slot];
  return isOther('shared') || isOther('drawing') || (recipe ?? '') !== (now.recipes[slot] ?? '');
}

/** @returns {string | null} the draft of this tab, as JSON */
function storedDraft() {
  try {
    return sessionStorage.getItem(STORAGE_KEYS.lastDraft);
  } catch {
    return null;
  }
}

/**
 * @param {string | null} drawing a digest of what is on the canvas
 * @returns {Settings | null} what the page has now, as far as this browser has stored it
 */
export function currentSettings(drawing) {
  try {
    return settingsOf(storedDraft(), drawing);
  } catch {
    return null;
  }
}

/** @returns {Required<Pick<Draft, 'preset'>>['preset'] | null} the preset as it is edited */
function currentPreset() {
  try {
    return JSON.parse(storedDraft() ?? '{}').preset ?? null;
  } catch {
    return null;
  }
}

/** @returns {string} the slug of the theme that is open, or empty */
export function currentTheme() {
  return currentPreset()?.slug ?? '';
}

/** @returns {Record<string, string>} the names of the recipes, by slot */
export function currentNames() {
  const recipes = Object.entries(currentPreset()?.recipes ?? {});
  return Object.fromEntries(recipes.map(([slot, { name = '' }]) => [slot, name]));
}
