/** What the history shows, as a query: in the page's address, in the API's, and in a saved search. */

/** Fields that the API does not know. */
const PAGE_ONLY = ['view'];
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
 * @param {URLSearchParams} state what the page shows
 * @returns {URLSearchParams} the filters, as the API wants them
 */
export function apiQuery(state) {
  const query = new URLSearchParams(state);
  for (const name of PAGE_ONLY) query.delete(name);
  return query;
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
