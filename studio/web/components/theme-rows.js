/**
 * Rows and labels of the page Themes that depend on the theme alone.
 *
 * @typedef {object} Summary
 * @property {string} slug
 * @property {string} name
 * @property {number} latest version
 * @property {boolean} archived
 * @property {{ channel: string, number: number }[]} served
 * @typedef {object} Sheet the regression sheet of a version
 * @property {string[]} reviewed_by
 * @property {number | null} color_error
 * @property {number} diversity
 * @property {number | null} seed_diversity
 * @typedef {object} Version
 * @property {number} number
 * @property {string} author
 * @property {string} note
 * @property {string} created in ISO 8601
 * @property {Record<string, number> | null} picks how often users selected each recipe slot
 * @property {{ share: number, passed: boolean } | null} robustness
 * @property {Sheet | null} sheet
 * @typedef {{ channel: string, number: number, trial: number | null, share: number }} Served
 * @typedef {object} LogEntry a deployment
 * @property {string} created in ISO 8601
 * @property {string} channel
 * @property {number | null} version of the theme, null where it was undeployed
 * @property {number | null} canary_version
 * @property {number} canary_percent in percent
 * @property {string} author
 * @property {string} note
 * @property {boolean} bypassed_checks
 * @typedef {object} Contest
 * @property {number} id
 * @property {string} title
 * @property {boolean} settled
 * @property {{ label: string, chance: number }[]} places
 * @typedef {object} Theme
 * @property {string} slug
 * @property {string} name
 * @property {Version[]} versions
 * @property {Served[]} served
 * @property {Record<string, string[]>} ailing why a channel does not serve the theme well
 * @property {Contest[]} contests
 * @property {LogEntry[]} log the newest first
 */
import { element, untranslated } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { percent } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { row, timeElement } from '../lib/table.js';

/** @param {number} number */
export const versionLabel = (number) => t('page.version_number', { number });

/**
 * @param {number | null} number of the version on trial
 * @param {number} share of the requests that it gets, in percent
 */
export function trialLabel(number, share) {
  return number ? t('page.themes.trial', { number, percent: share }) : '';
}

/**
 * @param {string} label
 * @param {() => unknown} action may be async
 */
export function actionButton(label, action, title = '') {
  const button = element('button', { type: 'button', title }, label);
  button.addEventListener('click', async () => {
    button.disabled = true;
    await withErrorDisplay(action);
    button.disabled = false;
  });
  return button;
}

/**
 * What users selected of the four, in percent.
 *
 * @param {Record<string, number> | null} picks by recipe slot
 * @returns {string} empty where nobody selected any
 */
export function formatPicks(picks) {
  const counts = Object.entries(picks ?? {});
  const sum = counts.reduce((total, [, count]) => total + count, 0);
  if (!sum) return '';
  const shares = counts.map(([slot, count]) => `${slot} ${percent(count / sum)}`).join(', ');
  return `${shares} (${sum})`;
}

/** @param {Contest} contest */
export function contestRow({ id, title, settled, places }) {
  const link = element('a', { href: `/votes?contest=${id}` }, untranslated(title));
  const ranking = places.map(({ label, chance }) => `${label} ${percent(chance)}`).join(', ');
  const state = settled ? t('page.themes.settled') : t('page.themes.not_settled');
  return row(link, untranslated(ranking), state);
}

/** @param {LogEntry} entry */
export function logRow({
  created,
  channel,
  version,
  canary_version,
  canary_percent,
  author,
  note,
  bypassed_checks,
}) {
  return row(
    timeElement(created),
    untranslated(channel),
    version === null ? t('page.themes.taken_down') : versionLabel(version),
    trialLabel(canary_version, canary_percent),
    untranslated(author),
    untranslated(note),
    bypassed_checks ? t('page.themes.forced') : '',
  );
}
