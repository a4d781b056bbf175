// What the plain pages share: their header, light or dark as the system has it, and small helpers.
import './account.js';
import './language.js';
import { element } from './parts.js';

export * from './parts.js';

const PAGES = { '/': 'Studio', '/themes': 'Themes', '/votes': 'Votes', '/tuning': 'Tuning', '/safety': 'Safety', '/history': 'History', '/bases': 'Base images', '/models': 'Models', '/system': 'System' };

if (matchMedia('(prefers-color-scheme: dark)').matches) document.documentElement.classList.add('dark');

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
