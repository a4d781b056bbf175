/**
 * Votes: blind tests. Which entrant is on which side, only the server knows.
 *
 * @import { Choice } from '../components/ballot-frames.js'
 * @import { Cost } from '../components/dialogs.js'
 * @import { Theme } from '../components/entrants.js'
 * @import { Ranking } from '../components/ranking.js'
 * @import { Task } from '../components/task-list.js'
 * @typedef {{ id: number, title: string, entrants: number, author: string, created: string }} Summary
 * @typedef {object} Progress of the images
 * @property {'running' | 'done' | 'failed' | 'stopped'} state
 * @property {string | null} message why it failed
 * @property {number} done
 * @property {number} total
 * @typedef {Summary & { is_complete: boolean, progress: Progress }} Contest `is_complete`: all images are there
 */
import { BallotFrames } from '../components/ballot-frames.js';
import { confirmCost } from '../components/dialogs.js';
import { entrantRows, readEntrants } from '../components/entrants.js';
import { showRanking } from '../components/ranking.js';
import { watchTasks } from '../components/task-list.js';
import { element, find, onSubmit, untranslated } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { signedInUser } from '../lib/session.js';
import { persistAuthor } from '../lib/storage.js';
import { row, setRows, timeElement } from '../lib/table.js';

/** @type {Readonly<Record<string, Choice>>} */
const CHOICE_KEYS = { ArrowLeft: 'left', ArrowRight: 'right', ArrowDown: 'tie' };

/** @param {string} selector */
const part = (selector) => find(document, selector, HTMLElement);

/** @param {Summary} contest */
function contestRow({ id, title, entrants, author, created }) {
  const link = element('a', { href: `/votes?contest=${id}` }, untranslated(title));
  const count = t('page.votes.entrants', { count: entrants });
  return row(link, count, untranslated(author), timeElement(created, { dateStyle: 'medium' }));
}

class VotesPage {
  #voter = persistAuthor(find(document, '#voter', HTMLInputElement));
  #status = part('#count');
  #standing = find(document, '#standing', HTMLDetailsElement);
  #form = find(document, '#begin', HTMLFormElement);
  #frames = new BallotFrames((choice) => this.#vote(choice));
  /** @type {Contest | null} the one that is open */
  #contest = null;
  /** @type {number | null} the ballot that can be voted on */
  #ballot = null;
  /** Counts the ballots that were asked for: only the last one is shown. */
  #loads = 0;
  /** @type {() => Promise<void>} polls for background tasks at once */
  #lookForTasks = async () => {};

  async start() {
    this.#listen();
    await withErrorDisplay(() => this.#list());
    const themes = /** @type {Theme[]} */ (await getJson('/themes/list'));
    part('#entrants').replaceChildren(...entrantRows(themes));
    const id = new URLSearchParams(location.search).get('contest');
    if (id) await withErrorDisplay(() => this.#open(id));
    this.#lookForTasks = watchTasks(part('#chores'), {
      filter: (task) => task.name === `blind_test/${this.#contest?.id}`,
      onEnd: () => withErrorDisplay(() => this.#reopen()),
      onUpdate: ([running]) => this.#showProgress(running),
    });
  }

  #listen() {
    onSubmit(this.#form, () => withErrorDisplay(() => this.#create()));
    part('#draw').addEventListener('click', () => withErrorDisplay(() => this.#render()));
    document.addEventListener('keydown', (event) => this.#pressKey(event));
    this.#standing.addEventListener('toggle', () => {
      if (this.#standing.open) withErrorDisplay(() => this.#showRanking());
    });
    this.#voter.addEventListener('change', () => {
      if (this.#contest?.is_complete) withErrorDisplay(() => this.#loadBallot());
    });
  }

  /** The address of the open blind test. */
  get #url() {
    return `/votes/${this.#contest?.id}`;
  }

  get #voterName() {
    return this.#voter.value.trim();
  }

  async #list() {
    const contests = /** @type {Summary[]} */ (await getJson('/votes/list'));
    setRows(part('#contests'), contests.map(contestRow));
  }

  /**
   * Shows a blind test. Its images are rendered before the first ballot: how long they take must not
   * give an entrant away.
   *
   * @param {string | number} id
   */
  async #open(id) {
    const contest = /** @type {Contest} */ (await getJson(`/votes/${id}`));
    this.#contest = contest;
    part('#voting').hidden = false;
    part('#title').textContent = contest.title;
    if (contest.is_complete) {
      part('#undrawn').hidden = true;
      if (this.#ballot === null) await this.#loadBallot();
      return;
    }
    this.#ballot = null;
    const { state, message, done, total } = contest.progress;
    const isRunning = state === 'running';
    part('#undrawn').hidden = isRunning;
    const isPreparing = isRunning && !total;
    const text = isPreparing ? t('page.preparing') : t('page.done_of_total', { done, total });
    this.#frames.showText(text);
    this.#status.textContent = isRunning ? t('page.votes.being_drawn') : '';
    if (message) throw new Error(message);
  }

  async #reopen() {
    if (this.#contest) await this.#open(this.#contest.id);
  }

  /** @param {Task | undefined} task that renders the images of the open blind test */
  #showProgress(task) {
    if (task) {
      const { done, total } = task;
      if (total) this.#frames.showText(t('page.done_of_total', { done, total }));
    } else if (
      this.#contest &&
      !this.#contest.is_complete &&
      this.#contest.progress.state === 'running'
    ) {
      withErrorDisplay(() => this.#reopen()); // It ended before it was looked at here.
    }
  }

  async #loadBallot() {
    const load = ++this.#loads;
    this.#ballot = null;
    if (!this.#voterName && signedInUser() === null) {
      this.#status.textContent = t('page.votes.say_who_votes');
      this.#frames.showText('');
      return;
    }
    const query = new URLSearchParams({ voter: this.#voterName });
    const { number } = /** @type {{ number: number }} */ (
      await getJson(`${this.#url}/ballot?${query}`)
    );
    const images = `${this.#url}/pictures/${number}`;
    await this.#frames.showImages((side) => `${images}/${side}.png?${query}`);
    if (load !== this.#loads) return; // A newer ballot is being loaded.
    this.#ballot = number;
    this.#frames.enable(true);
    this.#status.textContent = t('page.votes.votes_cast', { count: number });
    if (this.#standing.open) await this.#showRanking();
  }

  /** @param {Choice} choice */
  async #vote(choice) {
    const number = this.#ballot;
    if (number === null) return;
    this.#ballot = null;
    await withErrorDisplay(async () => {
      await postJson(this.#url, { voter: this.#voter.value, index: number, choice });
      await this.#loadBallot();
    });
  }

  /** @param {KeyboardEvent} event */
  #pressKey(event) {
    const choice = CHOICE_KEYS[event.key];
    const isTyping = event.target instanceof Element && event.target.matches('input, select');
    if (!choice || this.#ballot === null || isTyping) return;
    if (document.querySelector('dialog[open]')) return;
    event.preventDefault();
    this.#vote(choice);
  }

  async #showRanking() {
    showRanking(/** @type {Ranking} */ (await getJson(`${this.#url}/standing`)));
  }

  async #create() {
    const fields = new FormData(this.#form);
    const entrants = readEntrants(fields);
    const title = String(fields.get('title'));
    const cost = /** @type {Cost} */ (await postJson('/votes/cost', { entrants }));
    const question = t('page.votes.begin_title', { title });
    await confirmCost(question, cost, async () => {
      const body = { title, entrants, author: this.#voter.value };
      const created = /** @type {Summary} */ (await postJson('/votes', body));
      location.assign(`/votes?contest=${created.id}`);
    });
  }

  /** Renders the images that are missing. */
  async #render() {
    const title = t('page.votes.draw_title', { title: this.#contest?.title });
    const cost = /** @type {Cost} */ (await getJson(`${this.#url}/cost`));
    if (!(await confirmCost(title, cost, () => postJson(`${this.#url}/draw`)))) return;
    await this.#lookForTasks();
    await this.#reopen();
  }
}

await new VotesPage().start();
