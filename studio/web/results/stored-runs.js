/**
 * The runs of a theme as the server has stored them, with those that this page has followed: what the run
 * strip shows. Runs of API clients are left out.
 *
 * @import { Variant } from '../components/variant-facts.js'
 * @import { Metric, Run } from './run-state.js'
 * @import { Settings } from './settings.js'
 *
 * @typedef {{ src: string, under: string }} Drawing addresses of a doodle and its base image; empty for none
 *
 * @typedef {object} FinishedRun
 * @property {Run} run
 * @property {Settings | null} settings that made it; null where they are not known
 * @property {Drawing | null} drawing null where it is not known
 * @property {number} ended_at milliseconds since 1970
 */
import { API, getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { emptyCard, SLOTS } from './run-state.js';
import { settingsOfVariants } from './settings.js';

export const MAX_RUNS = 16;
/** Milliseconds after its end in which a run may not be stored yet. */
const STORED_WITHIN_MS = 10_000;
/** Pixels of the longest side of a doodle's thumbnail. */
const DOODLE_SIZE = 768;

export class StoredRuns {
  /** @type {Map<string, { runs: FinishedRun[], asked_at: number }>} by theme; runs oldest first */
  #stored = new Map();
  /** @type {Map<string, readonly Metric[]>} of stored runs, by id; none until the server has answered */
  #metrics = new Map();
  /** @type {Map<string, FinishedRun>} what this page has followed, by id */
  #followed = new Map();

  /**
   * Asks the server for the latest runs of a theme. Where it does not answer, what is known stays.
   *
   * @param {string} theme a slug
   * @param {(baseImage: string) => string} baseAddress the address of a base image by its id, or empty
   */
  async load(theme, baseAddress) {
    const query = new URLSearchParams({ theme, client: 'studio', limit: String(MAX_RUNS) });
    const asked_at = Date.now();
    const page = /** @type {{ runs: { variants: Variant[] }[] }} */ (
      await getJson(`${API}/variants/runs?${query}`)
    );
    const runs = page.runs.map(({ variants }) => storedRun(variants, baseAddress));
    this.#stored.set(theme, { runs: runs.reverse(), asked_at });
  }

  /**
   * Asks the server for the metrics of a run of which this page has only the images, once.
   *
   * @param {Run} run
   * @returns {Promise<boolean>} whether there are any that were not known
   */
  async loadMetrics({ id, phase, metrics, cards }) {
    const isWhole = Object.values(cards).every(({ state }) => state === 'done');
    if (phase !== 'stored' || metrics.length || !isWhole || this.#metrics.has(id)) return false;
    this.#metrics.set(id, []);
    const found = /** @type {Metric[]} */ (
      await getJson(`${API}/variants/runs/${id}/metrics`).catch(() => [])
    );
    this.#metrics.set(id, found);
    return found.length > 0;
  }

  /**
   * @param {Run} run
   * @returns {Run} with the metrics that were asked for
   */
  withMetrics(run) {
    const found = run.metrics.length ? undefined : this.#metrics.get(run.id);
    return found?.length ? { ...run, metrics: [...found] } : run;
  }

  /**
   * @param {string} theme a slug
   * @returns {FinishedRun[]} those of a theme, oldest first
   */
  of(theme) {
    const { runs = [], asked_at = 0 } = this.#stored.get(theme) ?? {};
    const ids = new Set(runs.map(({ run }) => run.id));
    const newer = [...this.#followed.values()].filter(
      ({ run, ended_at }) =>
        run.theme === theme && !ids.has(run.id) && ended_at >= asked_at - STORED_WITHIN_MS,
    );
    return [...runs.map((each) => this.#completed(each)), ...newer].slice(-MAX_RUNS);
  }

  /** @param {string} id */
  get(id) {
    for (const { runs } of this.#stored.values()) {
      const found = runs.find(({ run }) => run.id === id);
      if (found) return this.#completed(found);
    }
    return this.#followed.get(id);
  }

  /**
   * The store does not know all of a run's settings after an upgrade.
   *
   * @param {FinishedRun} stored
   * @returns {FinishedRun}
   */
  #completed(stored) {
    const followed = this.#followed.get(stored.run.id);
    if (!followed) return stored;
    const run = { ...followed.run, selected_slot: stored.run.selected_slot };
    return { ...stored, run, settings: stored.settings ?? followed.settings };
  }

  /**
   * Adds a run that the page has followed to its end, or replaces what is known of it.
   *
   * @param {FinishedRun} finished
   */
  put(finished) {
    const { settings = null, ended_at = finished.ended_at } =
      this.#followed.get(finished.run.id) ?? {};
    this.#followed.set(finished.run.id, {
      ...finished,
      ended_at,
      settings: finished.settings ?? settings,
    });
  }

  /**
   * @param {string} id
   * @param {string} slot that is picked; empty for none
   */
  pick(id, slot) {
    const stored = [...this.#stored.values()].flatMap(({ runs }) => runs);
    for (const each of [...stored, ...this.#followed.values()]) {
      if (each.run.id === id) each.run = { ...each.run, selected_slot: slot };
    }
  }
}

/**
 * @param {readonly Variant[]} variants of one request, one at least
 * @param {(baseImage: string) => string} baseAddress
 * @returns {FinishedRun}
 */
export function storedRun(variants, baseAddress) {
  const [first] = variants;
  /** @type {Run} */
  const run = {
    ...{ id: first.request_id, phase: 'stored', theme: first.theme, metrics: [], before: 0 },
    prompt: first.user_prompt ?? first.prompt,
    names: Object.fromEntries(variants.map(({ slot, recipe }) => [slot, recipe.name ?? ''])),
    cards: Object.fromEntries(SLOTS.map((slot) => [slot, storedCard(variants, slot)])),
    selected_slot: variants.find(({ selected }) => selected)?.slot ?? '',
  };
  const doodle = first.doodle === null ? '' : `${first.doodle}?size=${DOODLE_SIZE}`;
  return {
    run,
    settings: settingsOfVariants(variants),
    drawing: { src: doodle, under: baseAddress(first.base_image) },
    ended_at: Date.parse(first.created_at),
  };
}

/**
 * @param {readonly Variant[]} variants
 * @param {string} slot
 */
function storedCard(variants, slot) {
  const variant = variants.find((each) => each.slot === slot);
  if (!variant) return emptyCard('failed', t('studio.unfinished'));
  return {
    ...emptyCard('done'),
    ...{ image: variant.image, thumbnail: variant.thumbnail, notes: variant.notes },
    ...{ seed: String(variant.seed), request_seed: String(variant.request_seed) },
    ...{ seconds: variant.render_seconds, tokens: variant.prompt_tokens },
    ...{ drift: variant.drift ?? null, drift_exceeded: variant.drift_exceeded ?? [] },
  };
}
