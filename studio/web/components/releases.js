/**
 * What every channel serves of a theme, what begins later, and who released what.
 *
 * @import { ActiveDeployment } from './theme-states.js'
 * @import { Deployment, DeploymentSpec, ThemeDetails } from './theme-details.js'
 */
import { element, untranslated } from '../lib/dom.js';
import { onPress } from '../lib/errors.js';
import { percent } from '../lib/format.js';
import { formatNumber, formatTime, t } from '../lib/i18n.js';
import { timeAgo } from '../lib/relative-time.js';
import { row } from '../lib/table.js';
import { rollBack, takeDown } from './deployment-dialogs.js';
import { reviewUrl } from './theme-actions.js';
import { pickRate } from './theme-details.js';
import { deploymentStates, stateChips } from './theme-states.js';
import { themeThumbnails } from './theme-thumbnails.js';

const IMAGE_WIDTH = 72;

/**
 * @param {ThemeDetails} theme
 * @param {() => unknown} onChange is called after a roll back or a take-down; may be async
 * @returns {HTMLElement[]}
 */
export function releases(theme, onChange) {
  const cards = theme.active.map((active) => channelCard(theme, active, onChange));
  const live = cards.length
    ? element('div', { className: 'channels' }, ...cards)
    : nothingLive(theme);
  return [
    element('h2', {}, t('page.themes.live_now')),
    live,
    ...scheduleSection(theme),
    element('h2', {}, t('page.themes.release_history')),
    historyTable(theme.deployments),
  ];
}

/** @param {ThemeDetails} theme */
function nothingLive({ slug, versions }) {
  const href = reviewUrl(slug, versions[0].version);
  return element(
    'div',
    { className: 'empty' },
    element('p', {}, t('page.themes.nothing_live')),
    element('a', { className: 'primary', href }, t('page.themes.review_and_publish')),
  );
}

/**
 * @param {ThemeDetails} theme
 * @param {ActiveDeployment} active
 * @param {() => unknown} onChange
 */
function channelCard(theme, active, onChange) {
  const { slug } = theme;
  const { channel, version, canary_version, canary_percent, previous_version } = active;
  const unhealthy = (theme.unhealthy[channel] ?? []).join(' ');
  const since = theme.deployments.find(
    ({ spec }) => spec.channel === channel && spec.version === version,
  );
  /**
   * @param {string} label
   * @param {(slug: string, channel: string) => Promise<boolean>} ask
   * @param {boolean} disabled
   */
  const dangerous = (label, ask, disabled) => {
    const button = element('button', { type: 'button', className: 'danger', disabled }, label);
    onPress(button, async () => {
      if (await ask(slug, channel)) await onChange();
    });
    return button;
  };
  const arms = canary_version
    ? [arm(theme, version, 100 - canary_percent), arm(theme, canary_version, canary_percent)]
    : [arm(theme, version, 100)];
  const back = previous_version
    ? t('page.themes.roll_back_to', { number: previous_version })
    : t('page.roll_back');
  return element(
    'section',
    { className: 'channel', ariaLabel: channel },
    element(
      'header',
      {},
      element('h3', { translate: false }, channel),
      stateChips(deploymentStates(active)),
    ),
    since ? sinceLine(since) : null,
    unhealthy ? element('p', { className: 'bad' }, unhealthy) : null,
    element('div', { className: 'arms' }, ...arms),
    element(
      'div',
      { className: 'actions' },
      dangerous(back, rollBack, !previous_version),
      dangerous(t('page.take_down'), takeDown, false),
    ),
  );
}

/** @param {Deployment} deployment */
function sinceLine({ created_at, spec }) {
  const line = element('p', { className: 'made' });
  if (spec.author) line.append(untranslated(spec.author), ' · ');
  line.append(timeAgo(created_at));
  if (spec.ends_at) {
    line.append(' · ', t('page.themes.until', { time: formatTime(spec.ends_at) }));
  }
  return line;
}

/**
 * One version that a channel serves: its share of the requests, and how often users picked an image.
 *
 * @param {ThemeDetails} theme
 * @param {number} version
 * @param {number} share in percent
 */
function arm(theme, version, share) {
  const details = theme.versions.find((each) => each.version === version);
  const rate = pickRate(details);
  const requests = formatNumber(details?.requests ?? 0);
  const picks =
    rate === null
      ? t('page.themes.no_requests')
      : t('page.themes.arm_picks', { share: percent(rate), count: requests });
  const bar = element('span', { className: 'share' }, element('i'));
  bar.style.setProperty('--share', `${share}%`);
  return element(
    'div',
    { className: 'arm' },
    themeThumbnails(theme.slug, IMAGE_WIDTH, version),
    element(
      'a',
      { href: reviewUrl(theme.slug, version) },
      t('page.version_heading', { number: version }),
    ),
    element('span', {}, t('page.themes.traffic', { percent: share })),
    bar,
    element('small', {}, picks),
  );
}

/**
 * @param {ThemeDetails} theme
 * @returns {HTMLElement[]}
 */
function scheduleSection({ slug, scheduled }) {
  if (!scheduled.length) return [];
  const items = scheduled.map(({ channel, version, starts_at }) =>
    element(
      'li',
      {},
      element('time', { dateTime: starts_at }, formatTime(starts_at)),
      ' · ',
      element(
        'a',
        { href: reviewUrl(slug, version) },
        t('page.version_heading', { number: version }),
      ),
      ' · ',
      untranslated(channel),
    ),
  );
  const list = element('ul', { className: 'schedule' }, ...items);
  return [element('h2', {}, t('page.themes.schedule')), list];
}

/** @param {readonly Deployment[]} deployments */
function historyTable(deployments) {
  if (!deployments.length) {
    return element('p', { className: 'empty' }, t('page.themes.never_released'));
  }
  const columns = [
    t('page.time'),
    t('page.deployments.channel'),
    t('page.themes.release'),
    t('page.author'),
    t('page.themes.note'),
  ];
  const head = element('tr', {}, ...columns.map((column) => element('th', {}, column)));
  const rows = deployments.map(({ created_at, spec }) =>
    row(
      timeAgo(created_at),
      untranslated(spec.channel),
      describeRelease(spec),
      untranslated(spec.author),
      untranslated(spec.note),
    ),
  );
  const table = element('table', { id: 'deployments' });
  table.append(element('thead', {}, head), element('tbody', {}, ...rows));
  const ariaLabel = t('page.themes.release_history');
  return element('div', { className: 'scroll', role: 'region', ariaLabel, tabIndex: 0 }, table);
}

/**
 * @param {DeploymentSpec} spec
 * @returns {string} the version, its canary, its dates, bypassed checks
 */
export function describeRelease(spec) {
  const { version, canary_version, canary_percent, starts_at, ends_at, bypassed_checks } = spec;
  if (version === null) return t('page.themes.taken_down');
  const parts = [t('page.version_heading', { number: version })];
  if (canary_version) {
    parts.push(t('page.themes.canary', { number: canary_version, percent: canary_percent }));
  }
  if (starts_at) parts.push(t('page.themes.from_time', { time: formatTime(starts_at) }));
  if (ends_at) parts.push(t('page.themes.until', { time: formatTime(ends_at) }));
  if (bypassed_checks) parts.push(t('page.themes.overridden'));
  return parts.join(' · ');
}
