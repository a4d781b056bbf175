/**
 * How the candidates of a blind test rank.
 *
 * @typedef {object} Candidate in the ranking; all but `votes` are fractions
 * @property {string} label
 * @property {number} votes
 * @property {number} win_rate
 * @property {number} win_low
 * @property {number} win_high
 * @property {number} win_probability
 * @property {number} win_probability_low
 * @property {number} win_probability_high
 * @typedef {object} Ranking
 * @property {Candidate[]} candidates
 * @property {[voter: string, votes: number][]} voters
 * @property {boolean} is_significant
 * @property {number | null} votes_needed that are likely to settle it
 */
import { part, untranslated } from '../lib/dom.js';
import { percent } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { row } from '../lib/table.js';

/** @param {Ranking} ranking */
function rankingSummary({ is_significant, votes_needed }) {
  if (is_significant) return t('page.blind_tests.first_is_better');
  return votes_needed === null
    ? t('page.blind_tests.no_clear_winner')
    : t('page.blind_tests.inconclusive', { count: votes_needed });
}

/** @param {Candidate} candidate */
function candidateRow({
  label,
  votes,
  win_rate,
  win_low,
  win_high,
  win_probability,
  win_probability_low,
  win_probability_high,
}) {
  return row(
    untranslated(label),
    percent(win_rate),
    `${percent(win_low)} – ${percent(win_high)}`,
    percent(win_probability),
    `${percent(win_probability_low)} – ${percent(win_probability_high)}`,
    votes,
  );
}

/** @param {Ranking} ranking */
export function showRanking(ranking) {
  part('#ranking-rows').replaceChildren(...ranking.candidates.map(candidateRow));
  part('#ranking-summary').textContent = rankingSummary(ranking);
  const voters = ranking.voters.map(([name, votes]) => `${name}: ${votes}`);
  part('#voters').textContent = voters.join(', ');
}
