/**
 * What changed between two versions: each field old → new.
 *
 * @typedef {{ field_path: string, before: string, after: string }} Change
 */
import { element, untranslated } from '../lib/dom.js';
import { getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { THEMES } from './theme-actions.js';

/**
 * @param {string} slug
 * @param {number} before
 * @param {number} after
 * @returns {Promise<HTMLElement>}
 */
export async function fieldChanges(slug, before, after) {
  const url = `${THEMES}/${slug}/diff?before=${before}&after=${after}`;
  const changes = /** @type {Change[]} */ (before === after ? [] : await getJson(url));
  if (!changes.length) return element('p', { className: 'empty' }, t('page.themes.no_changes'));
  return element('dl', { className: 'changes' }, ...changes.flatMap(changeEntry));
}

/** @param {Change} change */
function changeEntry({ field_path, before, after }) {
  const value = element('dd', {}, untranslated(before), ' → ');
  value.append(element('b', { translate: false }, after));
  return [element('dt', {}, field_path), value];
}
