/**
 * Texts, dates and numbers in the language in which the server wrote the page (`<html lang>`).
 *
 * The texts are the server's own (`studio/locales`); a module that imports this one runs once they are
 * there.
 *
 * @import { Params } from './translate.js'
 */
import { translate } from './translate.js';

const { dataset, lang } = document.documentElement;
/** The page's. On the studio page Gradio sets `lang` to the browser's, whatever the reader has chosen. */
export const language = dataset.language ?? lang;
document.documentElement.lang = language;
const templates = await loadTemplates();

/** The texts by id, for a component that is given those it needs. */
export const texts = templates;

/** @returns {Promise<Record<string, string>>} by id; none where the server has none */
async function loadTemplates() {
  const response = await fetch(`/own/locales/${language}.json`);
  return response.ok ? response.json() : {};
}

/**
 * The text of an id with its placeholders filled.
 *
 * @param {string} id
 * @param {Params} [params]
 */
export function t(id, params) {
  return translate(templates, id, params);
}

/**
 * @param {string} timestamp in ISO 8601
 * @param {Intl.DateTimeFormatOptions} [style]
 */
export function formatTime(timestamp, style = { dateStyle: 'medium', timeStyle: 'short' }) {
  return new Intl.DateTimeFormat(language, style).format(new Date(timestamp));
}

/**
 * @param {number} value
 * @param {number} [digits] after the decimal point, at most
 */
export function formatNumber(value, digits = 0) {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}
