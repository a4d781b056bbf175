/** What the history shows, as a query: in the page's address, in the API's, and in a saved search. */

/** Fields that the API does not know. */
const PAGE_ONLY = ['view'];
/** Fields with days: the API's bound is the start of the day, or of the one after it. */
const DAYS_AFTER = { created_after: 0, created_before: 1 };
export const FILTERS = [
  'text',
  'theme',
  'slot',
  'model',
  'sampler',
  'starred',
  'selected',
  'tag',
  'collection',
  'created_after',
  'created_before',
];

/**
 * @param {URLSearchParams} state what the page shows; its days are those of the reader's time zone
 * @returns {URLSearchParams} the filters, as the API wants them: timestamps in place of days
 */
export function apiQuery(state) {
  const query = new URLSearchParams(state);
  for (const name of PAGE_ONLY) query.delete(name);
  for (const [name, days] of Object.entries(DAYS_AFTER)) {
    const day = query.get(name);
    if (day) query.set(name, startOfDay(day, days));
  }
  return query;
}

/**
 * @param {string} day such as 2026-11-27
 * @param {number} days after it
 * @returns {string} when the day begins, in ISO 8601; what is no day is left to the API to refuse
 */
function startOfDay(day, days) {
  const start = new Date(`${day}T00:00`);
  if (Number.isNaN(start.valueOf())) return day;
  start.setDate(start.getDate() + days);
  return start.toISOString();
}

/**
 * @param {URLSearchParams} state
 * @returns {string} the address below the page's, empty where nothing is filtered
 */
export function addressOf(state) {
  const query = new URLSearchParams(state);
  if (query.get('view') === 'runs') query.delete('view');
  return String(query) && `?${query}`;
}

/** @param {URLSearchParams} state */
export function isFiltered(state) {
  return FILTERS.some((name) => state.get(name));
}

/**
 * @param {Readonly<Record<string, unknown>>} filters of a saved search
 * @returns {URLSearchParams} those that are set
 */
export function searchState(filters) {
  const set = FILTERS.filter((name) => filters[name]);
  return new URLSearchParams(set.map((name) => [name, String(filters[name])]));
}
