/**
 * A theme with all that belongs to it, as the API gives it.
 *
 * @import { ActiveDeployment, ReviewState, ScheduledDeployment, State } from './theme-states.js'
 * @typedef {object} Regression the regression report of a version
 * @property {number | null} baseline_version
 * @property {number | null} median_delta_e in CIEDE2000
 * @property {string[]} reviewed_by
 * @typedef {object} Version
 * @property {number} version
 * @property {string} author
 * @property {string} message
 * @property {string} created_at in ISO 8601
 * @property {ReviewState} review
 * @property {number} requests of users, made with it
 * @property {Record<string, number> | null} selections how often users selected each recipe slot
 * @property {{ pass_rate: number, passed: boolean } | null} robustness
 * @property {Regression | null} regression
 * @typedef {object} DeploymentSpec
 * @property {string} channel
 * @property {number | null} version of the theme, null where it was undeployed
 * @property {number | null} canary_version
 * @property {number} canary_percent in percent
 * @property {string | null} starts_at
 * @property {string | null} ends_at
 * @property {string} author
 * @property {string} note
 * @property {boolean} bypassed_checks
 * @typedef {{ id: number, created_at: string, spec: DeploymentSpec }} Deployment
 * @typedef {object} Candidate
 * @property {string} slug
 * @property {number} version
 * @property {string | null} slot
 * @property {string} label
 * @property {number} win_probability
 * @property {number} votes
 * @typedef {object} BlindTest
 * @property {number} id
 * @property {string} title
 * @property {boolean} is_significant
 * @property {Candidate[]} candidates the best first
 * @typedef {object} ThemeDetails
 * @property {string} slug
 * @property {string} name
 * @property {boolean} archived
 * @property {string[]} tags
 * @property {Version[]} versions the newest first
 * @property {ActiveDeployment[]} active
 * @property {ScheduledDeployment[]} scheduled
 * @property {Record<string, string[]>} unhealthy why a channel does not serve the theme well
 * @property {BlindTest[]} blind_tests
 * @property {Deployment[]} deployments the newest first
 */
import { getJson } from '../lib/http.js';
import { THEMES } from './theme-actions.js';
import { themeStates } from './theme-states.js';

/**
 * @param {string} slug
 * @returns {Promise<ThemeDetails>}
 */
export async function loadTheme(slug) {
  return /** @type {ThemeDetails} */ (await getJson(`${THEMES}/${slug}`));
}

/**
 * @param {ThemeDetails} theme
 * @returns {State[]} as the gallery shows them
 */
export function detailsStates(theme) {
  const [{ version, review, author, created_at }] = theme.versions;
  return themeStates({
    ...theme,
    latest: version,
    review,
    author,
    updated_at: created_at,
    was_deployed: theme.deployments.length > 0,
  });
}

/**
 * The share of a version's requests in which users picked one of the four.
 *
 * @param {Pick<Version, 'requests' | 'selections'> | undefined} version
 * @returns {number | null} 0 to 1; null where nobody asked for it
 */
export function pickRate(version) {
  if (!version?.requests) return null;
  const picks = Object.values(version.selections ?? {}).reduce((sum, count) => sum + count, 0);
  return picks / version.requests;
}

/**
 * The best place of a version, or of one of its recipes, in the latest blind test that has votes.
 *
 * @param {readonly BlindTest[]} tests the newest first
 * @param {string} slug
 * @param {number} version
 * @returns {{ place: number, of: number, test: BlindTest } | null}
 */
export function blindTestRank(tests, slug, version) {
  for (const test of tests) {
    const hasVotes = test.candidates.some((candidate) => candidate.votes > 0);
    const at = test.candidates.findIndex((each) => each.slug === slug && each.version === version);
    if (hasVotes && at >= 0) return { place: at + 1, of: test.candidates.length, test };
  }
  return null;
}

/**
 * The state of each channel that serves a version.
 *
 * @param {Pick<ThemeDetails, 'active'>} theme
 * @param {number} version
 * @returns {{ channel: string, canary: number | null }[]} canary: its share in percent
 */
export function servedIn({ active }, version) {
  return active.flatMap((each) => [
    ...(each.version === version ? [{ channel: each.channel, canary: null }] : []),
    ...(each.canary_version === version
      ? [{ channel: each.channel, canary: each.canary_percent }]
      : []),
  ]);
}
