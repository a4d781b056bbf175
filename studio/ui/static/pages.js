// What the plain pages share: their header, light or dark as the system has it, and small helpers.
import './account.js';
import './language.js';
const PAGES = { '/': 'Studio', '/themes': 'Themes', '/votes': 'Votes', '/tuning': 'Tuning', '/safety': 'Safety', '/history': 'History', '/bases': 'Base images', '/models': 'Models', '/system': 'System' };

if (matchMedia('(prefers-color-scheme: dark)').matches) document.documentElement.classList.add('dark');

export function element(name, fields = {}, ...children) {
  const made = Object.assign(document.createElement(name), fields);
  made.append(...children);
  return made;
}

// The answer's JSON, or its error as one line.
export async function answer(response) {
  const body = await response.json();
  if (!response.ok) throw new Error(body.error || 'The studio did not understand that: see what was typed.');
  return body;
}

export const ask = async (address) => answer(await fetch(address));

export const send = async (address, body = {}) => answer(await fetch(address, {
  method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', 'X-Studio': 'page' },
}));

// Somebody's own words, which are not translated.
export const said = (text) => element('span', { translate: false }, text);

// Does something and tells why it could not, in the page's own place for that.
export async function tried(act) {
  const told = document.querySelector('#told');
  told.textContent = '';
  try {
    await act();
  } catch (error) {
    told.textContent = error.message;
  }
}

// A box for the operator's name, which this browser remembers.
export function remembered(box) {
  const kept = 'doodle-theme-studio-who';
  box.value = localStorage.getItem(kept) ?? '';
  box.addEventListener('change', () => localStorage.setItem(kept, box.value));
  return box;
}

export function megabytes(bytes) {
  return `${(bytes / 1e6).toLocaleString(undefined, { maximumFractionDigits: bytes < 1e7 ? 1 : 0 })} MB`;
}

export function row(...cells) {
  return element('tr', {}, ...cells.map((cell) => element('td', {}, cell ?? '')));
}

// Puts the rows into a table, or one line across its width where there are none.
export function fill(body, rows, otherwise = 'Nothing.') {
  const columns = body.closest('table').querySelectorAll('th').length || 1;
  body.replaceChildren(...(rows.length ? rows : [element('tr', {}, element('td', { colSpan: columns }, otherwise))]));
}

// Asks again and again while the page is looked at; an error is told in place.
export async function repeatedly(seconds, ask) {
  const told = document.querySelector('#told');
  for (;;) {
    if (!document.hidden) {
      try {
        await ask();
        told.textContent = '';
      } catch (error) {
        told.textContent = error.message;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  }
}

const nav = element('nav', { ariaLabel: 'Pages' });
for (const [address, name] of Object.entries(PAGES)) {
  const link = element('a', { href: address }, name);
  if (address === location.pathname) link.setAttribute('aria-current', 'page');
  nav.append(link);
}
document.querySelector('.top').append(element('h1', {}, element('i'), 'Doodle Theme Studio'), nav);
