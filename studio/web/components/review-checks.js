/**
 * The checks of a version on its review page: folded to one line, each warning with a button that does
 * something about it, running evaluations with their progress.
 *
 * @import { CheckResult, Fix } from './version-checks.js'
 * @import { Cost } from './dialogs.js'
 */
import { element } from '../lib/dom.js';
import { errorText, onPress } from '../lib/errors.js';
import { getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { authorField, confirmAction, confirmCost } from './dialogs.js';
import { watchTasks } from './task-list.js';
import { studioUrl, THEMES } from './theme-actions.js';
import { checksSummary, findings, findingText, passedChecks, runChecks } from './version-checks.js';

/** @typedef {'robustness' | 'regression'} Suite */

export class ReviewChecks {
  #slug;
  #version;
  #name;
  #onEnd;
  #list = element('div', { className: 'checks', ariaBusy: 'true' });
  #tasks = element('div', { className: 'tasks' });
  #lookForTasks;

  /**
   * @param {{ slug: string, name: string }} theme
   * @param {number} version
   * @param {() => unknown} onEnd is called when a suite of the version has ended; may be async
   */
  constructor({ slug, name }, version, onEnd) {
    this.#slug = slug;
    this.#name = name;
    this.#version = version;
    this.#onEnd = onEnd;
    const again = element('button', { type: 'button' }, t('page.review.check_again'));
    onPress(again, () => this.load());
    const head = element('div', { className: 'section-head' });
    head.append(element('h2', {}, t('page.review.checks')), again);
    this.root = element('section', {}, head, this.#list, this.#tasks);
    this.#lookForTasks = watchTasks(this.#tasks, {
      filter: (task) => task.name.startsWith(`${slug}/${version}/`),
      onEnd: async () => {
        await this.#onEnd();
        await this.load();
      },
    });
  }

  /** Runs the checks; where that fails, says so in their place. */
  async load() {
    this.#list.ariaBusy = 'true';
    this.#list.replaceChildren(t('page.deployments.checking'));
    try {
      this.#show(await runChecks(this.#slug, this.#version));
    } catch (error) {
      const alert = element('p', { className: 'dialog-error', role: 'alert' }, errorText(error));
      this.#list.replaceChildren(alert);
    }
    this.#list.ariaBusy = 'false';
  }

  /** @param {CheckResult[]} results */
  #show(results) {
    const items = findings(results).map((result) => this.#item(result));
    this.#list.replaceChildren(
      element('p', { className: 'checks-summary' }, checksSummary(results)),
      element('ul', { className: 'findings' }, ...items),
      passedChecks(results),
    );
  }

  /**
   * Starts a suite once its cost is confirmed; it goes on whatever becomes of this page.
   *
   * @param {Suite} suite
   */
  async run(suite) {
    const url = `${THEMES}/${this.#slug}/versions/${this.#version}/${suite}`;
    const params = { theme: this.#name, number: this.#version };
    const title =
      suite === 'robustness'
        ? t('page.themes.test_robustness_of', params)
        : t('page.themes.render_suite_of', params);
    const cost = /** @type {Cost} */ (await getJson(`${url}/cost`));
    if (await confirmCost(title, cost, () => postJson(url))) await this.#lookForTasks();
  }

  /** @param {CheckResult} result */
  #item(result) {
    const item = element('li', { className: `finding finding-${result.level}` });
    item.append(...findingText(result, result.fix === null || result.level === 'error'));
    if (result.fix) item.append(this.#fix(result.fix));
    return item;
  }

  /** @param {Fix} fix */
  #fix(fix) {
    if (fix === 'generate') {
      const href = studioUrl(this.#slug, this.#version);
      return element('a', { className: 'button', href }, t('page.review.generate'));
    }
    const actions = {
      run_robustness: () => this.run('robustness'),
      run_regression: () => this.run('regression'),
      review_regression: () => this.#markReviewed(),
    };
    const label =
      fix === 'review_regression' ? t('page.themes.reviewed') : t('page.review.run_now');
    const button = element('button', { type: 'button' }, label);
    button.dataset.fix = fix;
    onPress(button, actions[fix]);
    return button;
  }

  /** Signs the images of the regression suite with the operator's name. */
  async #markReviewed() {
    const url = `${THEMES}/${this.#slug}/versions/${this.#version}/regression/reviewed`;
    const author = authorField();
    const isDone = await confirmAction({
      title: t('page.review.mark_reviewed_title'),
      label: t('page.themes.reviewed'),
      content: [author.root],
      canConfirm: () => Boolean(author.name()),
      action: () => postJson(url, { reviewer: author.name() }),
    });
    if (isDone) await this.load();
  }
}
