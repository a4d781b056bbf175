/**
 * What state a theme and a version are in: draft, in review, live, canary, scheduled, archived.
 *
 * @typedef {'none' | 'in_review' | 'changes_requested' | 'approved'} ReviewState
 * @typedef {object} ActiveDeployment what a channel serves of a theme now
 * @property {string} channel
 * @property {number} version
 * @property {number | null} canary_version
 * @property {number} canary_percent
 * @property {number | null} previous_version that a rollback would serve
 * @typedef {{ channel: string, version: number, starts_at: string }} ScheduledDeployment
 * @typedef {object} ThemeSummary a theme as the API lists it
 * @property {string} slug
 * @property {string} name
 * @property {number} latest version
 * @property {boolean} archived
 * @property {string[]} tags
 * @property {string} author of the latest version
 * @property {string} updated_at in ISO 8601
 * @property {ReviewState} review of the latest version
 * @property {boolean} was_deployed
 * @property {ActiveDeployment[]} active
 * @property {ScheduledDeployment[]} scheduled
 * @typedef {'live' | 'review' | 'scheduled' | 'draft' | 'archived'} StateFilter
 * @typedef {'live' | 'canary' | 'scheduled' | 'review' | 'changes' | 'approved' | 'draft'
 *   | 'archived'} StateKind how a chip looks
 * @typedef {{ kind: StateKind, label: string, title?: string }} State
 */
import { element } from '../lib/dom.js';
import { formatTime, t } from '../lib/i18n.js';

export const DEFAULT_CHANNEL = 'live';

/** @type {Readonly<Record<Exclude<ReviewState, 'none'>, StateKind>>} */
const REVIEW_KINDS = { in_review: 'review', changes_requested: 'changes', approved: 'approved' };

/**
 * @param {ReviewState} review
 * @param {number} version
 * @returns {State[]} none where nobody asked for a review
 */
export function reviewStates(review, version) {
  if (review === 'none') return [];
  const labels = {
    in_review: t('page.themes.state_review', { number: version }),
    changes_requested: t('page.themes.state_changes', { number: version }),
    approved: t('page.themes.state_approved', { number: version }),
  };
  return [{ kind: REVIEW_KINDS[review], label: labels[review] }];
}

/**
 * @param {ActiveDeployment} active
 * @returns {State[]}
 */
export function deploymentStates({ channel, version, canary_version, canary_percent }) {
  const label =
    channel === DEFAULT_CHANNEL
      ? t('page.themes.state_live', { number: version })
      : t('page.themes.state_channel', { channel, number: version });
  /** @type {State[]} */
  const states = [{ kind: 'live', label }];
  if (canary_version) {
    const params = { number: canary_version, percent: canary_percent };
    states.push({ kind: 'canary', label: t('page.themes.state_canary', params) });
  }
  return states;
}

/**
 * @param {ScheduledDeployment} scheduled
 * @returns {State}
 */
function scheduledState({ channel, version, starts_at }) {
  const date = formatTime(starts_at, { month: 'short', day: 'numeric' });
  const time = formatTime(starts_at);
  return {
    kind: 'scheduled',
    label: t('page.themes.state_scheduled', { date }),
    title: t('page.themes.state_scheduled_title', { number: version, channel, time }),
  };
}

/** @param {Pick<ThemeSummary, 'active' | 'latest'>} theme */
const isLatestServed = ({ active, latest }) =>
  active.some((each) => each.version === latest || each.canary_version === latest);

/** @param {ThemeSummary} theme */
const isInReview = (theme) =>
  theme.review !== 'none' && !(theme.review === 'approved' && isLatestServed(theme));

/**
 * @param {ThemeSummary} theme
 * @returns {State[]} at least one
 */
export function themeStates(theme) {
  if (theme.archived) return [{ kind: 'archived', label: t('page.themes.archived') }];
  const states = theme.active.flatMap(deploymentStates);
  if (isInReview(theme)) states.push(...reviewStates(theme.review, theme.latest));
  states.push(...theme.scheduled.slice(0, 1).map(scheduledState));
  if (states.length) return states;
  const label = theme.was_deployed ? t('page.themes.taken_down') : t('page.themes.state_draft');
  return [{ kind: 'draft', label }];
}

/**
 * @param {ThemeSummary} theme
 * @returns {Set<StateFilter>} the filters that show it
 */
export function filtersOf(theme) {
  /** @type {Set<StateFilter>} */
  const filters = new Set();
  if (theme.archived) return filters.add('archived');
  if (theme.active.length) filters.add('live');
  if (isInReview(theme)) filters.add('review');
  if (theme.scheduled.length) filters.add('scheduled');
  return filters.size ? filters : filters.add('draft');
}

/** @param {State} state */
export function stateChip({ kind, label, title = '' }) {
  return element('span', { className: `chip chip-${kind}`, title }, label);
}

/** @param {readonly State[]} states */
export function stateChips(states) {
  return element('span', { className: 'chips' }, ...states.map(stateChip));
}
