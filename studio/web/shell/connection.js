/**
 * Whether the server still answers, and reaches its database. While it does not, a banner says so, and
 * that a run may be lost. Afterwards the studio page is reloaded where that is needed: another server
 * process knows nothing of its state.
 */
import { element, findAll } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { poll } from '../lib/poll.js';

const URL_OF_APP = '/gradio_api/app_id';
/** So often that the banner comes within three seconds. */
const POLL_MS = 2500;
const TIMEOUT_MS = 20000;
const UNFINISHED = ['queued', 'started', 'loading', 'step']
  .map((state) => `.card[data-state=${state}]`)
  .join(', ');

/** @typedef {'lost' | 'away'} Problem the server does not answer, or has no database */

class Connection {
  /** @type {string | null} the id of the server that this page is of */
  #server = null;
  /** @type {HTMLElement | null} */
  #banner = null;
  /** Whether a run was shown when the connection was lost. */
  #isRunLost = false;
  #isLooking = false;
  #lookedAt = 0;
  #polling = poll(() => this.#look(), {
    every: POLL_MS,
    paused: () => false,
  });

  constructor() {
    // Gradio shows a click that is not answered as "busy".
    document.addEventListener('click', () => {
      const isRecent = this.#isLooking || Date.now() - this.#lookedAt < POLL_MS;
      if (!isRecent) this.#polling.now();
    });
  }

  async #look() {
    this.#isLooking = true;
    try {
      const { id, isAway } = await askServer();
      const isOther = id !== null && this.#server !== null && id !== this.#server;
      if (isAway) this.#show('away', [t('studio.connection_without_data')]);
      else if (hasState() && (isOther || (this.#banner && this.#isRunLost))) location.reload();
      else this.#hide();
      this.#server = id ?? this.#server;
    } catch {
      this.#showLost();
    } finally {
      this.#isLooking = false;
      this.#lookedAt = Date.now();
    }
  }

  #showLost() {
    this.#isRunLost = stopCards() || this.#isRunLost;
    const texts = [t('studio.connection_retried')];
    if (this.#isRunLost) texts.push(t('studio.connection_run_lost'));
    this.#show('lost', texts);
  }

  /**
   * @param {Problem} problem
   * @param {readonly string[]} texts
   */
  #show(problem, texts) {
    if (this.#banner?.dataset.problem === problem) return;
    this.#hide();
    this.#banner = element('div', { className: 'connection', role: 'alert' });
    this.#banner.dataset.problem = problem;
    this.#banner.append(...texts.flatMap((text) => [element('span', {}, text), ' ']));
    document.body.append(this.#banner);
  }

  #hide() {
    this.#banner?.remove();
    this.#banner = null;
  }
}

/**
 * @returns {Promise<{ id: string | null, isAway: boolean }>} `isAway`: without its database nobody is let
 *   in; a run goes on, and its images wait for a while to be stored
 * @throws {Error} where it does not answer
 */
async function askServer() {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(URL_OF_APP, { cache: 'no-store', signal });
  const id = response.ok ? (await response.json()).app_id : null;
  return { id, isAway: response.status === 503 };
}

/**
 * Stops the progress bars of unfinished cards: there will be no more events for them.
 *
 * @returns {boolean} whether there were any
 */
function stopCards() {
  const cards = findAll(document, UNFINISHED, HTMLElement);
  for (const card of cards) {
    card.dataset.state = 'lost';
    card.querySelector('.placeholder p')?.replaceChildren(t('studio.connection_lost'));
    for (const moving of card.querySelectorAll('.bar, small')) moving.remove();
  }
  return cards.length > 0;
}

/** Whether this is the studio page, of which Gradio's server holds a state. */
function hasState() {
  return document.querySelector('gradio-app') !== null;
}

/** Watches for as long as the page is open. */
export function watchConnection() {
  new Connection();
}
