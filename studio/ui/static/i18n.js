// Texts by their ids, in the language in which the server wrote the page (`<html lang>`): the same
// JSON files as the server's (studio/locales), read before the page's own script runs.
import './language-link.js';

export const language = document.documentElement.lang;
const response = await fetch(`/own/locales/${language}.json`);
const texts = response.ok ? await response.json() : {};

// The text of an id with its placeholders filled; a parameter may be a list, or a message in its turn.
// An id may also be such a message as the server sends them: { id, params }. What is no id shows itself.
export function t(id, params = {}) {
  if (typeof id === 'object') return t(id.id, id.params);
  const shown = (value) => {
    if (Array.isArray(value)) return value.map(shown).join(texts['list.separator']);
    return value?.id === undefined ? String(value) : t(value);
  };
  if (!Object.keys(params).length) return texts[id] ?? id;
  return (texts[id] ?? id).replace(/\{(\w+)\}/g, (whole, name) => (name in params ? shown(params[name]) : whole));
}

// A moment as the page's language writes it; `style` is what Intl.DateTimeFormat takes.
export const moment = (when, style = { dateStyle: 'medium', timeStyle: 'short' }) => new Intl.DateTimeFormat(language, style).format(new Date(when));

export const number = (value, digits = 0) => new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
