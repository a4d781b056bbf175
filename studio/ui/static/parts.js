// What the plain pages and the studio's own scripts share: making elements, asking the server, names.
import { t } from './i18n.js';

export function element(name, fields = {}, ...children) {
  const made = Object.assign(document.createElement(name), fields);
  made.append(...children);
  return made;
}

// The answer's JSON, or its error as one line.
export async function answer(response) {
  const body = await response.json();
  if (!response.ok) throw new Error(body.error || (typeof body.detail === 'string' && body.detail) || t('page.not_understood'));
  return body;
}

export const ask = async (address) => answer(await fetch(address));

export const send = async (address, body = {}) => answer(await fetch(address, {
  method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', 'X-Studio': 'page' },
}));

// Somebody's own words, which no browser is to translate.
export const said = (text) => element('span', { translate: false }, text);

const WHO = 'doodle-theme-studio-who';

// A box for the operator's name, which this browser remembers.
export function remembered(box) {
  box.value = localStorage.getItem(WHO) ?? '';
  box.addEventListener('change', () => localStorage.setItem(WHO, box.value));
  return box;
}

// How long something takes, as a person would say it.
export function duration(seconds) {
  if (seconds < 90) return t('page.duration_seconds', { count: Math.max(1, Math.round(seconds)) });
  if (seconds < 5400) return t('page.duration_minutes', { count: Math.round(seconds / 60) });
  return t('page.duration_hours', { count: Math.round(seconds / 3600) });
}
