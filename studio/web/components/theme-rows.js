/**
 * Rows and labels of the page Themes that depend on the theme alone.
 *
 * @typedef {object} Summary
 * @property {string} slug
 * @property {string} name
 * @property {number} latest version
 * @property {boolean} archived
 * @property {{ channel: string, version: number }[]} active
 * @typedef {object} Regression the regression report of a version
 * @property {string[]} reviewed_by
 * @property {number | null} color_error
 * @property {number} diversity
 * @property {number | null} seed_diversity
 * @typedef {object} Version
 * @property {number} version
 * @property {string} author
 * @property {string} message
 * @property {string} created_at in ISO 8601
 * @property {Record<string, number> | null} selections how often users selected each recipe slot
 * @property {{ pass_rate: number, passed: boolean } | null} robustness
 * @property {Regression | null} regression
 * @typedef {object} ActiveDeployment
 * @property {string} channel
 * @property {number} version
 * @property {number | null} canary_version
 * @property {number} canary_percent
 * @typedef {object} DeploymentSpec
 * @property {string} channel
 * @property {number | null} version of the theme, null where it was undeployed
 * @property {number | null} canary_version
 * @property {number} canary_percent in percent
 * @property {string} author
 * @property {string} note
 * @property {boolean} bypassed_checks
 * @typedef {{ id: number, created_at: string, spec: DeploymentSpec }} Deployment
 * @typedef {object} BlindTest
 * @property {number} id
 * @property {string} title
 * @property {boolean} is_significant
 * @property {{ label: string, win_probability: number }[]} candidates
 * @typedef {object} Theme
 * @property {string} slug
 * @property {string} name
 * @property {boolean} archived
 * @property {Version[]} versions
 * @property {ActiveDeployment[]} active
 * @property {Record<string, string[]>} unhealthy why a channel does not serve the theme well
 * @property {BlindTest[]} blind_tests
 * @property {Deployment[]} deployments the newest first
 */
import { element, untranslated } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { percent } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { row, timeElement } from '../lib/table.js';

/** @param {number} version */
export const versionLabel = (version) => t('page.version_number', { number: version });

/**
 * @param {number | null} version the canary
 * @param {number} percent of the requests that it gets
 */
export function canaryLabel(version, percent) {
  return version ? t('page.themes.canary', { number: version, percent }) : '';
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
 * @param {Record<string, number> | null} selections by recipe slot
 * @returns {string} empty where nobody selected any
 */
export function formatSelections(selections) {
  const counts = Object.entries(selections ?? {});
  const sum = counts.reduce((total, [, count]) => total + count, 0);
  if (!sum) return '';
  const shares = counts.map(([slot, count]) => `${slot} ${percent(count / sum)}`).join(', ');
  return `${shares} (${sum})`;
}

/** @param {BlindTest} test */
export function blindTestRow({ id, title, is_significant, candidates }) {
  const link = element('a', { href: `/tests/blind-tests?test=${id}` }, untranslated(title));
  const ranking = candidates
    .map(({ label, win_probability }) => `${label} ${percent(win_probability)}`)
    .join(', ');
  const state = is_significant ? t('page.themes.significant') : t('page.themes.not_significant');
  return row(link, untranslated(ranking), state);
}

/** @param {Deployment} deployment */
export function deploymentRow({ created_at, spec }) {
  const { channel, version, canary_version, canary_percent, author, note, bypassed_checks } = spec;
  return row(
    timeElement(created_at),
    untranslated(channel),
    version === null ? t('page.themes.taken_down') : versionLabel(version),
    canaryLabel(canary_version, canary_percent),
    untranslated(author),
    untranslated(note),
    bypassed_checks ? t('page.themes.overridden') : '',
  );
}
