/**
 * Themes: their versions and what changed between them, evaluations, what is deployed, blind tests.
 *
 * @import { Cost } from '../components/dialogs.js'
 * @import { Task } from '../components/task-list.js'
 * @import { ActiveDeployment, Summary, Theme, Version } from '../components/theme-rows.js'
 * @typedef {{ field_path: string, before: string, after: string }} Change
 */
import { deploy, rollBack, takeDown } from '../components/deployment-dialogs.js';
import { confirmCost } from '../components/dialogs.js';
import { watchTasks } from '../components/task-list.js';
import {
  actionButton,
  blindTestRow,
  canaryLabel,
  deploymentRow,
  formatSelections,
  versionLabel,
} from '../components/theme-rows.js';
import { element, find, formQuery, onSubmit, untranslated } from '../lib/dom.js';
import { showErrorText, withErrorDisplay } from '../lib/errors.js';
import { metric, percent } from '../lib/format.js';
import { API, getJson, postFile, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { persistAuthor } from '../lib/storage.js';
import { row, setRows, timeElement } from '../lib/table.js';

const THEMES = `${API}/admin/themes`;

/** @param {string} selector */
const part = (selector) => find(document, selector, HTMLElement);

class ThemesPage {
  #author = persistAuthor(find(document, '#author', HTMLInputElement));
  #filter = find(document, '#search', HTMLFormElement);
  /** @type {Theme | null} the one that is open */
  #theme = null;
  #lookForTasks = watchTasks(part('#tasks'), {
    filter: (task) => this.#isEvaluation(task),
    onEnd: (task) => this.#showEnd(task),
  });

  async start() {
    this.#onClick('#rename', () => this.#rename());
    this.#onClick('#archive', () => this.#toggleArchived());
    const file = find(document, '#import', HTMLInputElement);
    file.addEventListener('change', () => withErrorDisplay(() => this.#import(file)));
    this.#filter.addEventListener('input', () => withErrorDisplay(() => this.#list()));
    onSubmit(this.#filter, () => {});
    const themes = await this.#list();
    const slug = new URLSearchParams(location.search).get('theme') ?? themes[0]?.slug;
    if (slug) await withErrorDisplay(() => this.#open(slug));
  }

  /** The open theme; what asks for it is only shown with one. */
  get #opened() {
    if (!this.#theme) throw new Error('No theme is open.');
    return this.#theme;
  }

  /**
   * @param {string} selector
   * @param {() => unknown} action
   */
  #onClick(selector, action) {
    part(selector).addEventListener('click', () => withErrorDisplay(action));
  }

  /** @param {Task} task */
  #isEvaluation({ kind, name }) {
    const isEvaluation = kind === 'robustness' || kind === 'regression';
    return isEvaluation && name.startsWith(`${this.#theme?.slug}/`);
  }

  /** @param {Task} task */
  async #showEnd(task) {
    await this.#open(this.#opened.slug);
    if (task.message) showErrorText(task.message);
  }

  /** @returns {Promise<Summary[]>} the themes that are shown */
  async #list() {
    const url = `${THEMES}?${formQuery(this.#filter)}`;
    const themes = /** @type {Summary[]} */ (await getJson(url));
    part('#themes').replaceChildren(...themes.map((theme) => this.#listItem(theme)));
    return themes;
  }

  /** @param {Summary} theme */
  #listItem({ slug, name, latest, archived, active }) {
    const link = element('a', { href: `/themes?theme=${slug}` }, untranslated(name));
    if (slug === this.#theme?.slug) link.setAttribute('aria-current', 'true');
    link.addEventListener('click', (event) => {
      event.preventDefault();
      history.replaceState(null, '', link.href);
      withErrorDisplay(() => this.#open(slug));
    });
    const channels = active.map(({ channel, version }) => `${channel}: ${version}`).join(', ');
    const current = channels ? untranslated(channels) : versionLabel(latest);
    const state = archived ? t('page.themes.archived') : current;
    return element('li', {}, link, element('small', {}, state));
  }

  /** @param {string} slug */
  async #open(slug) {
    const theme = /** @type {Theme} */ (await getJson(`${THEMES}/${slug}`));
    this.#theme = theme;
    part('#theme').hidden = false;
    part('#name').textContent = theme.name;
    const active = theme.active.map((each) => this.#activeRow(each, theme));
    setRows(part('#active'), active);
    const versions = theme.versions.map((version) => this.#versionRow(version, theme));
    part('#versions').replaceChildren(...versions);
    setRows(part('#deployments'), theme.deployments.map(deploymentRow));
    setRows(part('#blind-tests'), theme.blind_tests.map(blindTestRow));
    await this.#compare();
    const label = theme.archived ? t('page.themes.unarchive') : t('page.themes.archive');
    part('#archive').textContent = label;
    await this.#list();
  }

  async #reopen() {
    await this.#open(this.#opened.slug);
  }

  /**
   * @param {ActiveDeployment} active
   * @param {Theme} theme
   */
  #activeRow({ channel, version, canary_version, canary_percent }, { slug, unhealthy }) {
    const issues = (unhealthy[channel] ?? []).join(' ');
    return row(
      untranslated(channel),
      versionLabel(version),
      canaryLabel(canary_version, canary_percent),
      element('span', { className: 'unhealthy' }, issues),
      actionButton(t('page.roll_back'), () => this.#reopenAfter(rollBack(slug, channel))),
      actionButton(t('page.take_down'), () => this.#reopenAfter(takeDown(slug, channel))),
    );
  }

  /** @param {Promise<boolean>} dialog */
  async #reopenAfter(dialog) {
    if (await dialog) await this.#reopen();
  }

  /**
   * @param {Version} details
   * @param {Theme} theme
   */
  #versionRow(details, theme) {
    const { version, created_at, author, message } = details;
    const selections = formatSelections(details.selections);
    const count = theme.versions.length;
    const fromLabel = t('page.themes.from_version', { number: version });
    const toLabel = t('page.themes.to_version', { number: version });
    const before = this.#comparisonBox('before', fromLabel, version);
    const after = this.#comparisonBox('after', toLabel, version);
    before.checked = version === Math.max(1, count - 1);
    after.checked = version === count;
    return row(
      element('span', { className: 'pair' }, before, after),
      version,
      timeElement(created_at),
      untranslated(author),
      untranslated(message),
      this.#robustnessCell(details),
      this.#regressionCell(details, theme),
      selections ? untranslated(selections) : '',
      this.#versionActions(version, theme),
    );
  }

  /**
   * @param {'before' | 'after'} name
   * @param {string} ariaLabel
   * @param {number} version
   */
  #comparisonBox(name, ariaLabel, version) {
    const box = element('input', { type: 'radio', name, value: String(version), ariaLabel });
    box.addEventListener('change', () => withErrorDisplay(() => this.#compare()));
    return box;
  }

  /**
   * @param {number} version
   * @param {Theme} theme
   */
  #versionActions(version, { slug }) {
    const open = `/?preset=${slug}&version=${version}`;
    const file = `${THEMES}/${slug}/versions/${version}/file?bases=true`;
    return element(
      'div',
      { className: 'links' },
      element('a', { href: open }, t('page.themes.open')),
      actionButton(t('page.deploy'), () => this.#reopenAfter(deploy(slug, version))),
      actionButton(t('page.themes.branch'), () => this.#branch(version)),
      element('a', { href: `/tests/tuning?theme=${slug}` }, t('page.themes.tune')),
      element('a', { href: file, download: '' }, t('page.export')),
    );
  }

  /** @param {Version} details */
  #robustnessCell({ version, robustness }) {
    const cell = element('div', { className: 'links' });
    if (robustness) {
      const className = robustness.passed ? 'good' : 'bad';
      cell.append(element('b', { className }, percent(robustness.pass_rate)));
    }
    const run = () => this.#evaluate(version, 'robustness');
    cell.append(actionButton(t('page.themes.run'), run, t('page.themes.run_title')));
    return cell;
  }

  /**
   * @param {Version} details
   * @param {Theme} theme
   */
  #regressionCell({ version, regression }, { slug }) {
    const cell = element('div', { className: 'links' });
    if (regression) {
      const label = regression.reviewed_by.length
        ? t('page.themes.reopen_suite')
        : t('page.themes.review_suite');
      const href = `/themes/${slug}/${version}/sheet`;
      const metrics = t('page.metrics_with_seed_diversity', {
        color_error: metric(regression.color_error),
        diversity: metric(regression.diversity),
        seeds: metric(regression.seed_diversity),
      });
      const confirm = () => this.#markReviewed(version);
      cell.append(
        element('a', { href, target: '_blank' }, label),
        actionButton(t('page.themes.reviewed'), confirm, t('page.themes.reviewed_title')),
        element('small', { title: t('page.themes.metrics_title') }, metrics),
      );
    }
    const render = () => this.#evaluate(version, 'regression');
    cell.append(
      actionButton(t('page.themes.render_suite'), render, t('page.themes.render_suite_title')),
    );
    return cell;
  }

  /** @param {number} version whose regression report the operator has looked at */
  async #markReviewed(version) {
    const url = `${THEMES}/${this.#opened.slug}/versions/${version}/regression/reviewed`;
    await postJson(url, { reviewer: this.#author.value });
    await this.#reopen();
  }

  /**
   * Starts an evaluation once its cost is confirmed; it goes on whatever becomes of this page.
   *
   * @param {number} version
   * @param {'robustness' | 'regression'} kind
   */
  async #evaluate(version, kind) {
    const { slug, name } = this.#opened;
    const url = `${THEMES}/${slug}/versions/${version}/${kind}`;
    const title =
      kind === 'robustness'
        ? t('page.themes.test_robustness_of', { theme: name, number: version })
        : t('page.themes.render_suite_of', { theme: name, number: version });
    const cost = /** @type {Cost} */ (await getJson(`${url}/cost`));
    if (await confirmCost(title, cost, () => postJson(url))) await this.#lookForTasks();
  }

  async #compare() {
    const before = this.#compared('before');
    const after = this.#compared('after');
    const url = `${THEMES}/${this.#opened.slug}/diff?before=${before}&after=${after}`;
    const isPair = before && after && before !== after;
    const changes = /** @type {Change[]} */ (isPair ? await getJson(url) : []);
    const rows = changes.map((change) =>
      row(change.field_path, untranslated(change.before), untranslated(change.after)),
    );
    setRows(part('#diff'), rows);
  }

  /** @param {'before' | 'after'} name */
  #compared(name) {
    const box = document.querySelector(`[name=${name}]:checked`);
    return box instanceof HTMLInputElement ? box.value : '';
  }

  /** @param {number} version that the new theme begins with */
  async #branch(version) {
    const { slug, name: current } = this.#opened;
    const name = prompt(t('page.themes.new_theme_name'), `${current} 2`);
    if (!name) return;
    const body = { name, author: this.#author.value };
    const url = `${THEMES}/${slug}/versions/${version}/branch`;
    const created = /** @type {{ slug: string }} */ (await postJson(url, body));
    await this.#open(created.slug);
  }

  async #rename() {
    const { slug, name: current } = this.#opened;
    const name = prompt(t('page.themes.new_name'), current);
    if (!name) return;
    const query = new URLSearchParams({ name, author: this.#author.value });
    await postJson(`${THEMES}/${slug}/name?${query}`, {}, { method: 'PUT' });
    await this.#reopen();
  }

  async #toggleArchived() {
    const { slug, archived } = this.#opened;
    await postJson(`${THEMES}/${slug}/archived?archived=${!archived}`, {}, { method: 'PUT' });
    await this.#reopen();
  }

  /** @param {HTMLInputElement} input with the file of a preset */
  async #import(input) {
    const [file] = input.files ?? [];
    if (!file) return;
    const query = new URLSearchParams({ name: file.name, author: this.#author.value });
    const upload = postFile(`${THEMES}?${query}`, file);
    const imported = /** @type {{ slug: string, missing: string[] }} */ (
      await upload.finally(() => {
        input.value = '';
      })
    );
    await this.#open(imported.slug);
    showErrorText(imported.missing.join(' '));
  }
}

await new ThemesPage().start();
