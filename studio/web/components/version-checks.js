/**
 * The checks of a version before it is published: "27 passed · 3 warnings", the passes folded away.
 *
 * @typedef {'generate' | 'run_robustness' | 'run_regression' | 'review_regression'} Fix
 * @typedef {object} CheckResult
 * @property {'pass' | 'warning' | 'error'} level
 * @property {string} message
 * @property {string} hint empty where it passes
 * @property {Fix | null} fix what a page can do at once
 */
import { element } from '../lib/dom.js';
import { errorText } from '../lib/errors.js';
import { getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { paragraph } from './dialogs.js';
import { THEMES } from './theme-actions.js';

const LEVEL_NAMES = {
  pass: t('page.deployments.level_pass'),
  warning: t('page.deployments.level_warning'),
  error: t('page.deployments.level_stop'),
};

/**
 * @param {string} slug of the theme
 * @param {number} version
 * @returns {Promise<CheckResult[]>}
 */
export async function runChecks(slug, version) {
  const url = `${THEMES}/${slug}/versions/${version}/check`;
  return /** @type {CheckResult[]} */ (await getJson(url));
}

/**
 * @param {readonly CheckResult[]} results
 * @returns {CheckResult[]} those that do not pass, what prevents publishing first
 */
export function findings(results) {
  const open = results.filter((result) => result.level !== 'pass');
  return open.sort((a, b) => a.level.localeCompare(b.level));
}

/**
 * @param {readonly CheckResult[]} results
 * @returns {string} such as "27 passed · 3 warnings"
 */
export function checksSummary(results) {
  /** @param {CheckResult['level']} level */
  const count = (level) => results.filter((result) => result.level === level).length;
  return [
    t('page.deployments.count_passed', { count: count('pass') }),
    ...(count('warning') ? [warningCount(count('warning'))] : []),
    ...(count('error') ? [t('page.deployments.count_stops', { count: count('error') })] : []),
  ].join(' · ');
}

/** @param {number} count */
function warningCount(count) {
  return count === 1
    ? t('page.deployments.count_one_warning')
    : t('page.deployments.count_warnings', { count });
}

/** @param {readonly CheckResult[]} results */
export function passedChecks(results) {
  const passed = results.filter((result) => result.level === 'pass');
  const items = passed.map(({ message }) => element('li', {}, message));
  return element(
    'details',
    { className: 'passed-checks' },
    element('summary', {}, t('page.deployments.show_passed')),
    element('ul', {}, ...items),
  );
}

/**
 * @param {CheckResult} result
 * @param {boolean} withHint a page that has a button for the fix leaves the hint out
 * @returns {Node[]}
 */
export function findingText({ level, message, hint }, withHint) {
  return [
    element('b', {}, LEVEL_NAMES[level]),
    element('span', {}, message),
    ...(hint && withHint ? [element('small', {}, hint)] : []),
  ];
}

/** The checks of one version in the publish dialog: each that does not pass is to be ticked. */
export class VersionChecks {
  /** @type {CheckResult[] | null} those that do not pass, null until they are loaded */
  #open = null;
  /** @type {Set<string>} what is ticked */
  #confirmed = new Set();
  #slug;
  #onChange;

  /**
   * @param {string} slug of the theme
   * @param {number} version
   * @param {() => void} onChange
   */
  constructor(slug, version, onChange) {
    this.version = version;
    this.#slug = slug;
    this.#onChange = onChange;
    this.root = element('section', { className: 'checks' });
    this.root.append(this.#heading(), paragraph(t('page.deployments.checking')));
  }

  get isLoaded() {
    return this.#open !== null;
  }

  /** Whether a check says that the version must not be published. */
  get hasStop() {
    return this.#open?.some((result) => result.level === 'error') ?? false;
  }

  /** Whether all that does not pass is ticked. */
  get isConfirmed() {
    return this.#open?.every((result) => this.#confirmed.has(result.message)) ?? false;
  }

  get confirmed() {
    return [...this.#confirmed];
  }

  async load() {
    try {
      this.#show(await runChecks(this.#slug, this.version));
    } catch (error) {
      const alert = element('p', { className: 'dialog-error', role: 'alert' }, errorText(error));
      this.root.replaceChildren(alert);
    }
  }

  /** @param {CheckResult[]} results */
  #show(results) {
    this.#open = findings(results);
    const items = this.#open.map((each) => this.#item(each));
    this.root.replaceChildren(
      this.#heading(),
      element('p', { className: 'checks-summary' }, checksSummary(results)),
      ...(items.length ? [paragraph(t('page.deployments.acknowledge_findings'))] : []),
      element('ul', { className: 'findings' }, ...items),
      passedChecks(results),
    );
    this.#onChange();
  }

  #heading() {
    return element('h3', {}, t('page.version_heading', { number: this.version }));
  }

  /** @param {CheckResult} result */
  #item(result) {
    const box = element('input', { type: 'checkbox', required: true });
    box.addEventListener('change', () => {
      this.#confirmed[box.checked ? 'add' : 'delete'](result.message);
      this.#onChange();
    });
    const label = element('label', { className: `finding finding-${result.level}` }, box);
    label.append(...findingText(result, result.fix === null));
    return element('li', {}, label);
  }
}
