/**
 * Voting in the blind test that is open. Which candidate is on which side, only the server knows.
 *
 * @import { Cost } from './dialogs.js'
 * @import { Choice } from './matchup-frames.js'
 * @import { Ranking } from './ranking.js'
 * @import { Task } from './task-list.js'
 * @typedef {{ id: number, title: string, candidates: unknown[], author: string, created_at: string }} Summary
 * @typedef {object} Progress of the images
 * @property {boolean} is_complete all images are there
 * @property {'running' | 'done' | 'failed' | 'stopped'} state
 * @property {string} message why it failed, empty otherwise
 * @property {number} done
 * @property {number} total
 * @property {number | null} remaining_seconds
 * @property {boolean} stopping
 * @typedef {Summary & Progress} BlindTest
 * @typedef {{ index: number, votes: number }} Matchup
 */
import { find, part } from '../lib/dom.js';
import { onPress, showError, withErrorDisplay } from '../lib/errors.js';
import { API, getJson, postJson, RequestError } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { signedInUser } from '../lib/session.js';
import { persistAuthor } from '../lib/storage.js';
import { confirmCost } from './dialogs.js';
import { MatchupFrames } from './matchup-frames.js';
import { showRanking } from './ranking.js';
import { watchTasks } from './task-list.js';
import { progressText } from './test-rows.js';

export const BLIND_TESTS = `${API}/blind-tests`;
/** @type {Readonly<Record<string, Choice>>} */
const CHOICE_KEYS = { ArrowLeft: 'left', ArrowRight: 'right', ArrowDown: 'tie' };

export class BlindTestVoting {
  #voter = persistAuthor(find(document, '#voter', HTMLInputElement));
  #status = part('#count');
  #ranking = find(document, '#ranking', HTMLDetailsElement);
  #frames = new MatchupFrames((choice) => this.#vote(choice));
  /** @type {BlindTest | null} the one that is open */
  #test = null;
  /** @type {number | null} the index of the matchup that can be voted on */
  #matchup = null;
  /** Whether the next matchup is not rendered yet. */
  #isWaiting = false;
  /** Counts the matchups that were asked for: only the last one is shown. */
  #loads = 0;
  /** @type {() => Promise<void>} polls for background tasks at once */
  #lookForTasks = async () => {};

  constructor() {
    onPress(part('#render'), () => this.#render());
    document.addEventListener('keydown', (event) => this.#pressKey(event));
    this.#ranking.addEventListener('toggle', () => {
      if (this.#ranking.open) withErrorDisplay(() => this.#showRanking());
    });
    this.#voter.addEventListener('change', () => {
      if (this.#test) withErrorDisplay(() => this.#loadMatchup());
    });
    part('#voter-field').hidden = signedInUser() !== null;
  }

  /** Watches the rendering of the open blind test's images. */
  watch() {
    this.#lookForTasks = watchTasks(part('#tasks'), {
      filter: (task) => task.name === `blind_test/${this.#test?.id}`,
      onEnd: () => withErrorDisplay(() => this.#reopen()),
      onUpdate: ([running]) => this.#showProgress(running),
    });
  }

  /** The address of the open blind test. */
  get #url() {
    return `${BLIND_TESTS}/${this.#test?.id}`;
  }

  /** Who votes, empty where nobody has said so. */
  get voterName() {
    return this.#voter.value.trim();
  }

  /**
   * Shows a blind test, and a matchup as soon as one is rendered completely: how long an image takes must
   * not give a candidate away.
   *
   * @param {string | number} id
   */
  async open(id) {
    const test = /** @type {BlindTest} */ (await getJson(`${BLIND_TESTS}/${id}`));
    this.#test = test;
    part('#voting').hidden = false;
    part('#title').textContent = test.title;
    part('#incomplete').hidden = test.is_complete || test.state === 'running';
    if (this.#matchup === null) await this.#loadMatchup();
    // The task's own words; they stay until something else is done.
    if (!test.is_complete && test.message) throw new Error(test.message);
  }

  async #reopen() {
    if (this.#test) await this.open(this.#test.id);
  }

  /** @param {Task | undefined} task that renders the images of the open blind test */
  #showProgress(task) {
    if (!this.#test) return;
    if (this.#isWaiting) {
      if (task) this.#status.textContent = progressText(task);
      this.#loadMatchup().catch(showError); // What was said of the images stays.
    }
    const hasEnded = !task && !this.#test.is_complete && this.#test.state === 'running';
    if (hasEnded) withErrorDisplay(() => this.#reopen()); // Before it was looked at here.
  }

  /** Shows the next matchup; where that fails, the next look for tasks tries again. */
  async #loadMatchup() {
    const load = ++this.#loads;
    try {
      await this.#showMatchup(load);
    } catch (error) {
      if (load === this.#loads) this.#isWaiting = true;
      throw error;
    }
  }

  /** @param {number} load its number: only the newest is shown */
  async #showMatchup(load) {
    this.#leaveMatchup();
    this.#isWaiting = false;
    if (!this.voterName && signedInUser() === null) {
      this.#status.textContent = t('page.blind_tests.voter_name_missing');
      this.#frames.hide();
      return;
    }
    const query = new URLSearchParams({ voter: this.voterName });
    const matchup = await this.#nextMatchup(query);
    if (load !== this.#loads) return; // A newer matchup is being loaded.
    if (!matchup) {
      this.#isWaiting = true;
      this.#frames.hide();
      const isRunning = this.#test?.state === 'running';
      this.#status.textContent = isRunning ? t('page.blind_tests.rendering') : '';
      return;
    }
    const images = `${this.#url}/images/${matchup.index}`;
    await this.#frames.showImages((side) => `${images}/${side}.png?${query}`);
    if (load !== this.#loads) return;
    this.#enterMatchup(matchup.index);
    this.#status.textContent = t('page.blind_tests.votes_cast', { count: matchup.votes });
    if (this.#ranking.open) await this.#showRanking();
  }

  /**
   * @param {URLSearchParams} query
   * @returns {Promise<Matchup | null>} null while none is rendered
   */
  async #nextMatchup(query) {
    try {
      return /** @type {Matchup} */ (await getJson(`${this.#url}/matchup?${query}`));
    } catch (error) {
      if (error instanceof RequestError && error.status === 404) return null;
      throw error;
    }
  }

  /** @param {number} index of the matchup that is shown */
  #enterMatchup(index) {
    this.#matchup = index;
    this.#frames.enable(true);
  }

  /** One can vote again once the next matchup is loaded. */
  #leaveMatchup() {
    this.#matchup = null;
    this.#frames.enable(false);
  }

  /** @param {Choice} choice */
  async #vote(choice) {
    const index = this.#matchup;
    if (index === null) return;
    this.#leaveMatchup();
    await withErrorDisplay(async () => {
      try {
        await postJson(`${this.#url}/votes`, { voter: this.voterName, index, choice });
      } catch (error) {
        this.#enterMatchup(index); // It is still to be voted on.
        throw error;
      }
      await this.#loadMatchup();
    });
  }

  /** @param {KeyboardEvent} event */
  #pressKey(event) {
    const isTyping = event.target instanceof Element && event.target.matches('input, select');
    if (this.#matchup === null || isTyping || document.querySelector('dialog[open]')) return;
    if (event.key === 'z' && !event.ctrlKey && !event.metaKey) this.#frames.toggleZoom();
    const choice = CHOICE_KEYS[event.key];
    if (!choice) return;
    event.preventDefault();
    this.#vote(choice);
  }

  async #showRanking() {
    showRanking(/** @type {Ranking} */ (await getJson(`${this.#url}/ranking`)));
  }

  /** Renders the images that are missing. */
  async #render() {
    const title = t('page.blind_tests.render_title', { title: this.#test?.title });
    const cost = /** @type {Cost} */ (await getJson(`${this.#url}/cost`));
    if (!(await confirmCost(title, cost, () => postJson(`${this.#url}/render`)))) return;
    await this.#lookForTasks();
    await this.#reopen();
  }
}
