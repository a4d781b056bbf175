/**
 * How the entrants of a blind test rank.
 *
 * @typedef {object} Place of an entrant in the ranking; all but `votes` are fractions
 * @property {string} label
 * @property {number} votes
 * @property {number} win_rate
 * @property {number} win_low
 * @property {number} win_high
 * @property {number} chance
 * @property {number} chance_low
 * @property {number} chance_high
 * @typedef {object} Ranking
 * @property {Place[]} places
 * @property {[voter: string, votes: number][]} voters
 * @property {boolean} settled
 * @property {number | null} more votes that are likely to settle it
 */
import { find, untranslated } from '../lib/dom.js';
import { percent } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { row } from '../lib/table.js';

/** @param {string} selector */
const part = (selector) => find(document, selector, HTMLElement);

/** @param {Ranking} ranking */
function rankingSummary({ settled, more }) {
  if (settled) return t('page.votes.first_is_better');
  return more === null ? t('page.votes.too_alike') : t('page.votes.not_settled', { count: more });
}

/** @param {Place} place */
function placeRow({ label, votes, win_rate, win_low, win_high, chance, chance_low, chance_high }) {
  return row(
    untranslated(label),
    percent(win_rate),
    `${percent(win_low)} – ${percent(win_high)}`,
    percent(chance),
    `${percent(chance_low)} – ${percent(chance_high)}`,
    votes,
  );
}

/** @param {Ranking} ranking */
export function showRanking(ranking) {
  part('#places').replaceChildren(...ranking.places.map(placeRow));
  part('#settled').textContent = rankingSummary(ranking);
  const voters = ranking.voters.map(([name, votes]) => `${name}: ${votes}`);
  part('#voters').textContent = voters.join(', ');
}
