// What the plain pages share: texts in the page's language, and small helpers.
import { moment, number, t } from './i18n.js';
import { element } from './parts.js';

export * from './i18n.js';
export * from './parts.js';

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
  return t('page.megabytes', { count: number(bytes / 1e6, bytes < 1e7 ? 1 : 0) });
}

// A moment in a row or a list of facts.
export const time = (when, style) => element('time', { dateTime: when }, moment(when, style));

export function row(...cells) {
  return element('tr', {}, ...cells.map((cell) => element('td', {}, cell ?? '')));
}

// Puts the rows into a table, or one line across its width where there are none.
export function fill(body, rows, otherwise = t('page.nothing')) {
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
