/**
 * Tests: one list of grids, suites, blind tests and tuning studies, running and finished.
 *
 * @import { Theme } from '../components/version-select.js'
 * @import { ListedTest } from '../components/test-rows.js'
 * @import { Task } from '../components/task-list.js'
 */
import { newTest } from '../components/new-test.js';
import { TASK_NAMES, watchTasks } from '../components/task-list.js';
import { studyTitle, TestRow } from '../components/test-rows.js';
import { viewGrid } from '../grid/sheet.js';
import { element, find, untranslatedOption } from '../lib/dom.js';
import { onPress, showError, withErrorDisplay } from '../lib/errors.js';
import { API, getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { markReady } from '../lib/ready.js';

/** The kinds that the list can be filtered by. */
const KINDS = /** @type {const} */ (['grid', 'robustness', 'regression', 'blind_test', 'study']);

class TestsPage {
  #kind = find(document, '#kind', HTMLSelectElement);
  #theme = find(document, '#theme', HTMLSelectElement);
  #list = find(document, '#tests', HTMLElement);
  #empty = find(document, '#no-tests', HTMLElement);
  /** @type {readonly Theme[]} */
  #themes = [];
  /** The rows by the names of their tasks. @type {Map<string, TestRow>} */
  #rows = new Map();
  /** Names of the tasks that ran at the last look. */
  #running = '';
  #loads = 0;

  async start() {
    const create = find(document, '#new', HTMLButtonElement);
    create.addEventListener('click', () => this.#create());
    for (const select of [this.#kind, this.#theme]) {
      select.addEventListener('change', () => this.#showFilter());
    }
    onPress(find(this.#empty, 'button', HTMLElement), () => this.#leaveEmpty());
    markReady();
    const query = new URLSearchParams(location.search);
    this.#themes = /** @type {Theme[]} */ (await getJson(`${API}/admin/themes`));
    this.#kind.append(...KINDS.map((kind) => element('option', { value: kind }, TASK_NAMES[kind])));
    this.#theme.append(...this.#themes.map(({ slug, name }) => untranslatedOption(slug, name)));
    this.#kind.value = query.get('kind') ?? '';
    this.#theme.value = query.get('theme') ?? '';
    create.disabled = false;
    await withErrorDisplay(() => this.#load());
    watchTasks(element('div'), { onUpdate: (running) => this.#update(running) });
    const grid = Number(query.get('grid'));
    if (grid) viewGrid(grid, {}, () => this.#showFilter());
  }

  get #isFiltered() {
    return Boolean(this.#kind.value || this.#theme.value);
  }

  get #query() {
    const query = new URLSearchParams();
    if (this.#kind.value) query.set('kind', this.#kind.value);
    if (this.#theme.value) query.set('theme', this.#theme.value);
    return query.size ? `?${query}` : '';
  }

  /** The address of the list alone, so that a reload shows it again. */
  #showFilter() {
    history.replaceState(null, '', `${location.pathname}${this.#query}`);
    withErrorDisplay(() => this.#load());
  }

  async #load() {
    const load = ++this.#loads;
    const tests = /** @type {ListedTest[]} */ (await getJson(`${API}/tests${this.#query}`));
    if (load !== this.#loads) return; // The filter was changed meanwhile.
    this.#rows = new Map(tests.map((test) => [test.name, this.#row(test)]));
    this.#list.replaceChildren(...[...this.#rows.values()].map((row) => row.root));
    this.#list.ariaBusy = 'false';
    this.#empty.hidden = tests.length > 0;
    const text = this.#isFiltered ? t('page.no_matches') : t('page.tests.empty');
    find(this.#empty, 'p', HTMLElement).textContent = text;
    find(this.#empty, 'button', HTMLElement).textContent = this.#isFiltered
      ? t('page.clear_filter')
      : t('page.tests.new');
  }

  /** @param {ListedTest} test */
  #row(test) {
    const shown =
      test.kind === 'study'
        ? { ...test, subject: studyTitle(test.subject, this.#themes), version: null }
        : test;
    return new TestRow(shown, (action) =>
      withErrorDisplay(async () => {
        await action();
        await this.#load();
      }),
    );
  }

  /**
   * Shows how far the running tests are; where one began or ended the list is read again.
   *
   * @param {readonly Task[]} running
   */
  #update(running) {
    for (const task of running) this.#rows.get(task.name)?.update(task);
    const names = new Set(running.map(({ name }) => name));
    const began = [...names].join(' ') !== this.#running;
    this.#running = [...names].join(' ');
    // One that ended between two looks was in neither, but is shown as running.
    const ended = [...this.#rows].some(([name, row]) => row.isRunning && !names.has(name));
    if (began || ended) withErrorDisplay(() => this.#load());
  }

  #leaveEmpty() {
    if (!this.#isFiltered) {
      this.#create();
      return;
    }
    this.#kind.value = '';
    this.#theme.value = '';
    this.#showFilter();
  }

  #create() {
    newTest(this.#themes, this.#theme.value, () => withErrorDisplay(() => this.#load()));
  }
}

await new TestsPage().start().catch(showError);
