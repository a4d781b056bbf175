/**
 * Blind tests: the list of all, the one that is open, and the form for a new one.
 *
 * @import { Summary } from '../components/blind-test-voting.js'
 * @import { Cost } from '../components/dialogs.js'
 * @import { Theme } from '../components/version-select.js'
 */
import { BLIND_TESTS, BlindTestVoting } from '../components/blind-test-voting.js';
import { Candidates } from '../components/candidates.js';
import { confirmCost } from '../components/dialogs.js';
import { element, field, find, part, untranslated } from '../lib/dom.js';
import { onPress, onSend, showError, withErrorDisplay } from '../lib/errors.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { markReady } from '../lib/ready.js';
import { row, setRows, timeElement } from '../lib/table.js';

/** @param {Summary} test */
function blindTestRow({ id, title, candidates, author, created_at }) {
  const link = element('a', { href: `/tests/blind-tests?test=${id}` }, untranslated(title));
  const count = t('page.blind_tests.candidates', { count: candidates.length });
  return row(link, count, untranslated(author), timeElement(created_at, { dateStyle: 'medium' }));
}

class BlindTestsPage {
  #form = find(document, '#create', HTMLFormElement);
  #voting = new BlindTestVoting();
  /** @type {Candidates | null} */
  #candidates = null;
  /** @type {number | null} where the next page of the list begins; null for the first */
  #cursor = null;

  async start() {
    onSend(this.#form, () => this.#create());
    onPress(part('#older'), () => this.#list());
    markReady();
    await withErrorDisplay(() => this.#list());
    const themes = /** @type {Theme[]} */ (await getJson(`${API}/admin/themes`));
    const add = find(document, '#add-candidate', HTMLButtonElement);
    this.#candidates = new Candidates(part('#candidates'), add, themes);
    const id = new URLSearchParams(location.search).get('test');
    if (id) await withErrorDisplay(() => this.#voting.open(id));
    else if (location.hash === '#new') field(this.#form, 'title', HTMLInputElement).focus();
    this.#voting.watch();
  }

  /** Lists the newest, then with each call those that are older than what is listed. */
  async #list() {
    const query = this.#cursor === null ? '' : `?before=${this.#cursor}`;
    const page = /** @type {{ blind_tests: Summary[], next_cursor: number | null }} */ (
      await getJson(`${BLIND_TESTS}${query}`)
    );
    const rows = page.blind_tests.map(blindTestRow);
    if (query) part('#blind-tests').append(...rows);
    else setRows(part('#blind-tests'), rows, t('page.blind_tests.empty'));
    this.#cursor = page.next_cursor;
    part('#older').hidden = this.#cursor === null;
  }

  async #create() {
    const fields = new FormData(this.#form);
    const candidates = this.#candidates?.values ?? [];
    const title = String(fields.get('title'));
    const cost = /** @type {Cost} */ (await postJson(`${BLIND_TESTS}/cost`, { candidates }));
    const question = t('page.blind_tests.start_title', { title });
    await confirmCost(question, cost, async () => {
      const body = { title, candidates, author: this.#voting.voterName };
      const created = /** @type {Summary} */ (await postJson(BLIND_TESTS, body));
      location.assign(`/tests/blind-tests?test=${created.id}`);
    });
  }
}

await new BlindTestsPage().start().catch(showError);
