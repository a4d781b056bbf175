/**
 * The versions of a theme as a picture timeline, the newest first.
 *
 * @import { ThemeDetails, Version } from './theme-details.js'
 * @import { MenuItem } from './menu-button.js'
 * @import { State } from './theme-states.js'
 */
import { element, untranslated } from '../lib/dom.js';
import { percent } from '../lib/format.js';
import { formatNumber, t } from '../lib/i18n.js';
import { timeAgo } from '../lib/relative-time.js';
import { menuButton } from './menu-button.js';
import { branch, reviewUrl, studioUrl, THEMES } from './theme-actions.js';
import { blindTestRank, pickRate, servedIn } from './theme-details.js';
import { DEFAULT_CHANNEL, reviewStates, stateChips } from './theme-states.js';
import { themeThumbnails } from './theme-thumbnails.js';

const IMAGE_WIDTH = 96;

/**
 * @param {ThemeDetails} theme
 * @param {Version} version
 * @returns {State[]}
 */
function versionStates(theme, { version, review }) {
  const served = servedIn(theme, version).map(({ channel, canary }) =>
    servedState(channel, canary),
  );
  return [...served, ...reviewStates(review, version)];
}

/**
 * @param {string} channel
 * @param {number | null} canary its share in percent
 * @returns {State}
 */
function servedState(channel, canary) {
  if (canary !== null) {
    return { kind: 'canary', label: t('page.themes.canary_share', { percent: canary }) };
  }
  const label = channel === DEFAULT_CHANNEL ? t('page.themes.is_live') : channel;
  return { kind: 'live', label };
}

/**
 * @param {ThemeDetails} theme
 * @param {number} [limit] how many are shown
 */
export function versionTimeline(theme, limit = Number.POSITIVE_INFINITY) {
  const items = theme.versions.slice(0, limit).map((version) => timelineItem(theme, version));
  return element('ol', { className: 'timeline' }, ...items);
}

/**
 * @param {ThemeDetails} theme
 * @param {Version} details
 */
function timelineItem(theme, details) {
  const { version, author, message, created_at } = details;
  const title = element(
    'h3',
    {},
    element(
      'a',
      { href: reviewUrl(theme.slug, version) },
      t('page.version_heading', { number: version }),
    ),
  );
  const made = element('p', { className: 'made' });
  if (author) made.append(untranslated(author), ' · ');
  made.append(timeAgo(created_at));
  return element(
    'li',
    {},
    themeThumbnails(theme.slug, IMAGE_WIDTH, version),
    element(
      'div',
      { className: 'timeline-text' },
      element(
        'div',
        { className: 'timeline-title' },
        title,
        stateChips(versionStates(theme, details)),
      ),
      message ? element('p', { className: 'note', translate: false }, message) : null,
      made,
      measures(theme, details),
    ),
    menuButton(t('page.themes.more_of_version', { number: version }), versionMenu(theme, version)),
  );
}

/**
 * @param {ThemeDetails} theme
 * @param {Version} details
 */
function measures(theme, details) {
  const { version, robustness, requests } = details;
  const list = element('dl', { className: 'measures' });
  const picks = pickRate(details);
  if (picks !== null) {
    const title = t('page.themes.picks_title', { count: formatNumber(requests) });
    list.append(measure(t('page.themes.picks'), percent(picks), title));
  }
  if (robustness) {
    const className = robustness.passed ? 'good' : 'bad';
    const value = element('span', { className }, percent(robustness.pass_rate));
    list.append(measure(t('page.themes.robustness'), value, t('page.themes.robustness_title')));
  }
  const rank = blindTestRank(theme.blind_tests, theme.slug, version);
  if (rank) {
    const { place, of, test } = rank;
    const link = element('a', { href: `/tests/blind-tests?test=${test.id}`, title: test.title });
    link.append(t('page.themes.rank', { place, count: of }));
    list.append(measure(t('page.blind_tests'), link, test.title));
  }
  return list.childElementCount ? list : null;
}

/**
 * @param {string} name
 * @param {Node | string} value
 * @param {string} title
 */
function measure(name, value, title) {
  return element('div', { title }, element('dt', {}, name), element('dd', {}, value));
}

/**
 * @param {ThemeDetails} theme
 * @param {number} version
 * @returns {MenuItem[]}
 */
function versionMenu(theme, version) {
  const { slug } = theme;
  return [
    { label: t('page.themes.review_and_publish'), href: reviewUrl(slug, version) },
    { label: t('page.themes.open_in_studio'), href: studioUrl(slug, version) },
    {
      label: t('page.themes.branch_ellipsis'),
      action: async () => {
        const created = await branch(theme, version);
        if (created) location.assign(`/themes/${created}`);
      },
    },
    { label: t('page.themes.tune'), href: `/tests/tuning?theme=${slug}` },
    {
      label: t('page.export'),
      href: `${THEMES}/${slug}/versions/${version}/file?bases=true`,
      download: '',
    },
  ];
}
