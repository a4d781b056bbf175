/**
 * The checks of a version before it is deployed.
 *
 * @typedef {{ level: 'pass' | 'warning' | 'error', message: string, hint: string | null }} CheckResult
 */
import { element } from '../lib/dom.js';
import { errorText } from '../lib/errors.js';
import { API, getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { paragraph } from './dialogs.js';

const LEVEL_NAMES = {
  pass: t('page.deployments.level_pass'),
  warning: t('page.deployments.level_warning'),
  error: t('page.deployments.level_stop'),
};

/** The checks of one version: those that pass are folded away, each other is to be ticked. */
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

  /** Whether a check says that the version must not be deployed. */
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
      const url = `${API}/admin/themes/${this.#slug}/versions/${this.version}/check`;
      this.#show(/** @type {CheckResult[]} */ (await getJson(url)));
    } catch (error) {
      const alert = element('p', { className: 'dialog-error', role: 'alert' }, errorText(error));
      this.root.replaceChildren(alert);
    }
  }

  /** @param {CheckResult[]} results */
  #show(results) {
    const passed = results.filter((result) => result.level === 'pass');
    const open = results.filter((result) => result.level !== 'pass');
    this.#open = open.sort((a, b) => a.level.localeCompare(b.level));
    const list = element('ul', { className: 'findings' }, ...open.map((each) => this.#item(each)));
    this.root.replaceChildren(
      this.#heading(),
      ...(open.length ? [paragraph(t('page.deployments.acknowledge_findings'))] : []),
      list,
      passedChecks(passed),
    );
    this.#onChange();
  }

  #heading() {
    return element('h3', {}, t('page.version_heading', { number: this.version }));
  }

  /** @param {CheckResult} result */
  #item({ level, message, hint }) {
    const box = element('input', { type: 'checkbox', required: true });
    box.addEventListener('change', () => {
      this.#confirmed[box.checked ? 'add' : 'delete'](message);
      this.#onChange();
    });
    const label = element('label', { className: `finding finding-${level}` }, box);
    label.append(element('b', {}, LEVEL_NAMES[level]), element('span', {}, message));
    if (hint) label.append(element('small', {}, hint));
    return element('li', {}, label);
  }
}

/** @param {CheckResult[]} passed */
function passedChecks(passed) {
  const items = passed.map(({ message }) =>
    element(
      'li',
      { className: 'finding finding-pass' },
      element('b', {}, LEVEL_NAMES.pass),
      element('span', {}, message),
    ),
  );
  return element(
    'details',
    {},
    element('summary', {}, t('page.deployments.checks_pass', { count: passed.length })),
    element('ul', { className: 'findings' }, ...items),
  );
}
