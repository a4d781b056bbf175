/** Rows of tables. */
import { element } from './dom.js';
import { formatTime, t } from './i18n.js';

/**
 * @typedef {Node | string | number | null | undefined} Cell null and undefined leave it empty
 */

/**
 * @param {...Cell} cells
 * @returns {HTMLTableRowElement}
 */
export function row(...cells) {
  return element('tr', {}, ...cells.map((cell) => element('td', {}, cell)));
}

/**
 * Replaces the rows of a table, or of its body; where there are none, one line says so over its width.
 *
 * @param {HTMLElement} body
 * @param {readonly HTMLTableRowElement[]} rows
 * @param {string} [emptyText]
 */
export function setRows(body, rows, emptyText = t('page.empty')) {
  const columns = body.closest('table')?.querySelectorAll('th').length || 1;
  const empty = element('tr', {}, element('td', { colSpan: columns }, emptyText));
  body.replaceChildren(...(rows.length ? rows : [empty]));
}

/**
 * @param {string} timestamp in ISO 8601
 * @param {Intl.DateTimeFormatOptions} [style]
 * @returns {HTMLTimeElement}
 */
export function timeElement(timestamp, style) {
  return element('time', { dateTime: timestamp }, formatTime(timestamp, style));
}
