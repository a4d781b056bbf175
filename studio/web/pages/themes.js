/**
 * Themes: their versions and what changed between them, reviews, what is deployed, blind tests.
 *
 * @import { Cost } from '../components/dialogs.js'
 * @import { Task } from '../components/task-list.js'
 * @import { Served, Summary, Theme, Version } from '../components/theme-rows.js'
 * @typedef {{ place: string, before: string, after: string }} Change
 */
import { deploy, rollBack, takeDown } from '../components/deployment-dialogs.js';
import { confirmCost } from '../components/dialogs.js';
import { watchTasks } from '../components/task-list.js';
import {
  actionButton,
  contestRow,
  formatPicks,
  logRow,
  trialLabel,
  versionLabel,
} from '../components/theme-rows.js';
import { element, find, formQuery, onSubmit, untranslated } from '../lib/dom.js';
import { showErrorText, withErrorDisplay } from '../lib/errors.js';
import { metric, percent } from '../lib/format.js';
import { getJson, postFile, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { persistAuthor } from '../lib/storage.js';
import { row, setRows, timeElement } from '../lib/table.js';

/** @param {string} selector */
const part = (selector) => find(document, selector, HTMLElement);
class ThemesPage {
  #author = persistAuthor(find(document, '#who', HTMLInputElement));
  #filter = find(document, '#find', HTMLFormElement);
  /** @type {Theme | null} the one that is open */
  #theme = null;
  #isArchived = false;
  #lookForTasks = watchTasks(part('#chores'), {
    filter: (task) => this.#isReviewed(task),
    onEnd: (task) => this.#showEnd(task),
  });

  async start() {
    this.#onClick('#rename', () => this.#rename());
    this.#onClick('#archive', () => this.#toggleArchived());
    const file = find(document, '#take-in', HTMLInputElement);
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
  #isReviewed({ kind, name }) {
    const isReview = kind === 'robustness' || kind === 'regression';
    return isReview && name.startsWith(`${this.#theme?.slug}/`);
  }

  /** @param {Task} task */
  async #showEnd(task) {
    await this.#open(this.#opened.slug);
    if (task.message) showErrorText(task.message);
  }

  /** @returns {Promise<Summary[]>} the themes that are shown */
  async #list() {
    const url = `/themes/list?${formQuery(this.#filter)}`;
    const themes = /** @type {Summary[]} */ (await getJson(url));
    part('#themes').replaceChildren(...themes.map((theme) => this.#listItem(theme)));
    return themes;
  }

  /** @param {Summary} theme */
  #listItem({ slug, name, latest, archived, served }) {
    const link = element('a', { href: `/themes?theme=${slug}` }, untranslated(name));
    if (slug === this.#theme?.slug) link.setAttribute('aria-current', 'true');
    link.addEventListener('click', (event) => {
      event.preventDefault();
      history.replaceState(null, '', link.href);
      withErrorDisplay(() => this.#open(slug));
    });
    const channels = served.map(({ channel, number }) => `${channel}: ${number}`).join(', ');
    const current = channels ? untranslated(channels) : versionLabel(latest);
    const state = archived ? t('page.themes.archived') : current;
    return element('li', {}, link, element('small', {}, state));
  }

  /** @param {string} slug */
  async #open(slug) {
    const theme = /** @type {Theme} */ (await getJson(`/themes/${slug}`));
    this.#theme = theme;
    part('#theme').hidden = false;
    part('#name').textContent = theme.name;
    const served = theme.served.map((each) => this.#servedRow(each, theme));
    setRows(part('#served'), served);
    const versions = theme.versions.map((version) => this.#versionRow(version, theme));
    part('#versions').replaceChildren(...versions);
    setRows(part('#log'), theme.log.map(logRow));
    setRows(part('#votes'), theme.contests.map(contestRow));
    await this.#compare();
    await this.#list();
    await this.#showArchived();
  }

  async #reopen() {
    await this.#open(this.#opened.slug);
  }

  async #showArchived() {
    const { slug } = this.#opened;
    const url = `/themes/list?archived=true&text=${encodeURIComponent(slug)}`;
    const themes = /** @type {Summary[]} */ (await getJson(url));
    this.#isArchived = themes.find((each) => each.slug === slug)?.archived ?? false;
    const label = this.#isArchived ? t('page.themes.unarchive') : t('page.themes.archive');
    part('#archive').textContent = label;
  }

  /**
   * @param {Served} served
   * @param {Theme} theme
   */
  #servedRow({ channel, number, trial, share }, { slug, ailing }) {
    const issues = (ailing[channel] ?? []).join(' ');
    return row(
      untranslated(channel),
      versionLabel(number),
      trialLabel(trial, share),
      element('span', { className: 'ailing' }, issues),
      actionButton(t('page.roll_back'), () => this.#reopenAfter(rollBack(slug, channel))),
      actionButton(t('page.take_down'), () => this.#reopenAfter(takeDown(slug, channel))),
    );
  }

  /** @param {Promise<boolean>} dialog */
  async #reopenAfter(dialog) {
    if (await dialog) await this.#reopen();
  }

  /**
   * @param {Version} version
   * @param {Theme} theme
   */
  #versionRow(version, theme) {
    const { number, created, author, note } = version;
    const picks = formatPicks(version.picks);
    const count = theme.versions.length;
    const before = this.#comparisonBox('before', t('page.themes.from_version', { number }), number);
    const after = this.#comparisonBox('after', t('page.themes.to_version', { number }), number);
    before.checked = number === Math.max(1, count - 1);
    after.checked = number === count;
    return row(
      element('span', { className: 'pair' }, before, after),
      number,
      timeElement(created),
      untranslated(author),
      untranslated(note),
      this.#robustnessCell(version),
      this.#sheetCell(version, theme),
      picks ? untranslated(picks) : '',
      this.#versionActions(number, theme),
    );
  }

  /**
   * @param {'before' | 'after'} name
   * @param {string} ariaLabel
   * @param {number} number of the version
   */
  #comparisonBox(name, ariaLabel, number) {
    const box = element('input', { type: 'radio', name, value: String(number), ariaLabel });
    box.addEventListener('change', () => withErrorDisplay(() => this.#compare()));
    return box;
  }

  /**
   * @param {number} number of the version
   * @param {Theme} theme
   */
  #versionActions(number, { slug }) {
    const open = `/?preset=${slug}&version=${number}`;
    const file = `/themes/${slug}/${number}/export?bases=true`;
    return element(
      'div',
      { className: 'links' },
      element('a', { href: open }, t('page.themes.open')),
      actionButton(t('page.deploy'), () => this.#reopenAfter(deploy(slug, number))),
      actionButton(t('page.themes.branch'), () => this.#branch(number)),
      element('a', { href: `/tuning?theme=${slug}` }, t('page.themes.tune')),
      element('a', { href: file, download: '' }, t('page.export')),
    );
  }

  /** @param {Version} version */
  #robustnessCell({ number, robustness }) {
    const cell = element('div', { className: 'links' });
    if (robustness) {
      const className = robustness.passed ? 'good' : 'bad';
      cell.append(element('b', { className }, percent(robustness.share)));
    }
    const run = () => this.#review(number, 'robustness');
    cell.append(actionButton(t('page.themes.run'), run, t('page.themes.run_title')));
    return cell;
  }

  /**
   * @param {Version} version
   * @param {Theme} theme
   */
  #sheetCell({ number, sheet }, { slug }) {
    const cell = element('div', { className: 'links' });
    if (sheet) {
      const label = sheet.reviewed_by.length
        ? t('page.themes.look_again')
        : t('page.themes.look_at_it');
      const href = `/themes/${slug}/${number}/sheet`;
      const metrics = t('page.looks_of_seeds', {
        color_error: metric(sheet.color_error),
        diversity: metric(sheet.diversity),
        seeds: metric(sheet.seed_diversity),
      });
      const confirm = () => this.#confirmSheet(number);
      cell.append(
        element('a', { href, target: '_blank' }, label),
        actionButton(t('page.themes.looked_at'), confirm, t('page.themes.looked_at_title')),
        element('small', { title: t('page.themes.looks_title') }, metrics),
      );
    }
    const render = () => this.#review(number, 'regression');
    cell.append(actionButton(t('page.themes.draw'), render, t('page.themes.draw_title')));
    return cell;
  }

  /** @param {number} number of the version whose sheet the operator has looked at */
  async #confirmSheet(number) {
    const url = `/themes/${this.#opened.slug}/${number}/sheet/seen`;
    await postJson(url, { reviewer: this.#author.value });
    await this.#reopen();
  }

  /**
   * Starts a review once its cost is confirmed; it goes on whatever becomes of this page.
   *
   * @param {number} number of the version
   * @param {'robustness' | 'regression'} kind
   */
  async #review(number, kind) {
    const { slug, name } = this.#opened;
    const url = `/themes/${slug}/${number}/reviews/${kind}`;
    const title =
      kind === 'robustness'
        ? t('page.themes.test_robustness_of', { theme: name, number })
        : t('page.themes.draw_sheet_of', { theme: name, number });
    const cost = /** @type {Cost} */ (await getJson(`${url}/cost`));
    if (await confirmCost(title, cost, () => postJson(url))) await this.#lookForTasks();
  }

  async #compare() {
    const before = this.#compared('before');
    const after = this.#compared('after');
    const url = `/themes/${this.#opened.slug}/diff?before=${before}&after=${after}`;
    const isPair = before && after && before !== after;
    const changes = /** @type {Change[]} */ (isPair ? await getJson(url) : []);
    const rows = changes.map((change) =>
      row(change.place, untranslated(change.before), untranslated(change.after)),
    );
    setRows(part('#diff'), rows);
  }

  /** @param {'before' | 'after'} name */
  #compared(name) {
    const box = document.querySelector(`[name=${name}]:checked`);
    return box instanceof HTMLInputElement ? box.value : '';
  }

  /** @param {number} number of the version that the new theme begins with */
  async #branch(number) {
    const { slug, name: current } = this.#opened;
    const name = prompt(t('page.themes.name_of_new'), `${current} 2`);
    if (!name) return;
    const body = { version: number, name, author: this.#author.value };
    const created = /** @type {{ slug: string }} */ (
      await postJson(`/themes/${slug}/branch`, body)
    );
    await this.#open(created.slug);
  }

  async #rename() {
    const { slug, name: current } = this.#opened;
    const name = prompt(t('page.themes.new_name'), current);
    if (!name) return;
    await postJson(`/themes/${slug}/rename`, { name, author: this.#author.value });
    await this.#reopen();
  }

  async #toggleArchived() {
    await postJson(`/themes/${this.#opened.slug}/archive?archived=${!this.#isArchived}`);
    await this.#reopen();
  }

  /** @param {HTMLInputElement} input with the file of a preset */
  async #import(input) {
    const [file] = input.files ?? [];
    if (!file) return;
    const query = new URLSearchParams({ name: file.name, author: this.#author.value });
    const upload = postFile(`/themes/import/file?${query}`, file);
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
