/**
 * A run as `studio/ui/result_cards.py` sends it, and what the page says about it.
 *
 * @import { Drift, DriftKind } from '../components/drift.js'
 * @typedef {'A' | 'B' | 'C' | 'D'} Slot
 *
 * @typedef {object} Card the job of a slot, or its finished variant
 * @property {string} state idle, queued, started, loading, step, done, failed, withheld, cancelled; lost
 *   where the connection ended before the run
 * @property {number} done steps
 * @property {number} total steps
 * @property {number} seconds_left 0 while unknown
 * @property {string} text what the state alone does not say
 * @property {string} preview URL of the unfinished image, or empty
 * @property {string} image URL of the finished image, or empty
 * @property {string} [thumbnail] URL of a small copy of it, where there is one
 * @property {string} seed of the image
 * @property {string} request_seed with which the recipe renders the image again
 * @property {number} seconds that rendering took
 * @property {number} tokens of the prompt
 * @property {readonly string[]} notes
 * @property {Drift | null} drift null where it is not measured
 * @property {readonly DriftKind[]} drift_exceeded what is beyond its limit
 *
 * @typedef {{ name: string, value: number, level: string }} Metric
 *
 * @typedef {object} Run
 * @property {string} id
 * @property {string} phase running, ended, stored or refused; starting before the server has answered
 * @property {string} theme its slug
 * @property {string} prompt of the user
 * @property {Record<string, string>} names of the recipes, by slot
 * @property {Record<string, Card>} cards by slot
 * @property {Metric[]} metrics
 * @property {string} selected_slot the slot of the picked variant, or empty
 * @property {number} before runs that are rendered first
 */
import { formatNumber, t } from '../lib/i18n.js';

/** @type {readonly Slot[]} */
export const SLOTS = ['A', 'B', 'C', 'D'];
const UNFINISHED = new Set(['starting', 'queued', 'started', 'loading', 'step']);

/**
 * A card in a state, with nothing known of its image.
 *
 * @param {string} state
 * @param {string} [text]
 * @returns {Card}
 */
export function emptyCard(state, text = '') {
  return {
    ...{ state, text, done: 0, total: 0, seconds_left: 0, preview: '', image: '', seed: '' },
    ...{ request_seed: '', seconds: 0, tokens: 0, notes: [], drift: null, drift_exceeded: [] },
  };
}

/**
 * A run all of whose cards are in one state.
 *
 * @param {string} phase
 * @param {string} state
 * @returns {Run}
 */
export function uniformRun(phase, state) {
  return {
    ...{ id: '', phase, theme: '', prompt: '', metrics: [], selected_slot: '', before: 0 },
    names: {},
    cards: Object.fromEntries(SLOTS.map((slot) => [slot, emptyCard(state)])),
  };
}

/** @param {Card} card */
export function isUnfinished(card) {
  return UNFINISHED.has(card.state);
}

/** @param {Run} run */
export function isRunning(run) {
  return run.phase === 'starting' || run.phase === 'running';
}

/**
 * The run whose events will not come any more.
 *
 * @param {Run} run
 * @returns {Run}
 */
export function loseUnfinished(run) {
  const cards = Object.entries(run.cards).map(([slot, card]) => [
    slot,
    isUnfinished(card) ? emptyCard('lost', t('studio.connection_lost')) : card,
  ]);
  return { ...run, phase: 'ended', cards: Object.fromEntries(cards) };
}

/**
 * @param {Card} card
 * @returns {number} 0 to 100
 */
export function percent({ state, done, total }) {
  if (state === 'done') return 100;
  return total ? Math.round((100 * done) / total) : 0;
}

/**
 * The line below a card's image.
 *
 * @param {Card} card
 * @param {number} before runs that are rendered first
 */
export function statusText(card, before) {
  const { state, done, total, seconds_left: seconds, text } = card;
  switch (state) {
    case 'queued':
      if (before === 1) return t('studio.card_behind_one');
      return before ? t('studio.card_behind_many', { count: before }) : t('studio.card_waiting');
    case 'starting':
    case 'started':
      return t('studio.card_starting');
    case 'loading':
      return text;
    case 'step': {
      const step = t('studio.card_step', { done, total });
      return seconds ? `${step} · ${t('studio.card_left', { seconds })}` : step;
    }
    case 'done':
      return t('page.duration_seconds', { count: formatNumber(card.seconds, 1) });
    case 'failed':
    case 'lost':
      return t('studio.card_failed');
    case 'withheld':
      return t('studio.card_is_withheld');
    case 'cancelled':
      return t('studio.card_stopped');
    default:
      return '';
  }
}

/**
 * A metric in words, and what its scale means.
 *
 * @param {Metric} metric
 * @returns {{ text: string, about: string }}
 */
export function metricText({ name, value, level }) {
  const number = formatNumber(value, 1);
  if (name === 'seed_diversity') {
    const text = t('studio.metric_seed_diversity', { value: number });
    return { text, about: t('studio.metric_about_seed_diversity') };
  }
  const params = { level: levelText(level), value: number };
  return name === 'color_error'
    ? { text: t('studio.metric_color_error', params), about: t('studio.metric_about_color_error') }
    : { text: t('studio.metric_diversity', params), about: t('studio.metric_about_diversity') };
}

/** @param {string} level */
function levelText(level) {
  if (level === 'good') return t('studio.metric_good');
  return level === 'medium' ? t('studio.metric_medium') : t('studio.metric_low');
}

/**
 * The name of a card: its slot, and its recipe's name where it has one.
 *
 * @param {Run} run
 * @param {string} slot
 */
export function cardName(run, slot) {
  const name = run.names[slot];
  return name ? `${slot} · ${name}` : slot;
}
