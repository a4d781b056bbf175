// @vitest-environment jsdom
import './texts.js';
import { describe, expect, test, vi } from 'vitest';
import { menuButton } from '../../studio/web/components/menu-button.js';
import { checkedVersions, rollout, toTimestamp } from '../../studio/web/components/publish-form.js';
import { describeRelease } from '../../studio/web/components/releases.js';
import { ReviewGrid } from '../../studio/web/components/review-grid.js';
import { blindTestRank, pickRate, servedIn } from '../../studio/web/components/theme-details.js';
import { filtersOf, themeStates } from '../../studio/web/components/theme-states.js';
import { showUndo, UNDO_MS } from '../../studio/web/components/undo-notice.js';
import { checksSummary, findings } from '../../studio/web/components/version-checks.js';
import { element, find, findAll } from '../../studio/web/lib/dom.js';
import { relativeTime } from '../../studio/web/lib/relative-time.js';

/** @import { ThemeSummary } from '../../studio/web/components/theme-states.js' */
/** @import { CheckResult } from '../../studio/web/components/version-checks.js' */
/** @import { BlindTest } from '../../studio/web/components/theme-details.js' */
/** @import { Cell } from '../../studio/web/components/review-log.js' */

/** @type {ThemeSummary} */
const THEME = {
  slug: 'neon-night',
  name: 'Neon night',
  latest: 3,
  archived: false,
  tags: [],
  author: 'ada',
  updated_at: '2026-11-27T10:00:00Z',
  review: 'none',
  was_deployed: false,
  active: [],
  scheduled: [],
};
const LIVE = {
  channel: 'live',
  version: 2,
  canary_version: 3,
  canary_percent: 10,
  previous_version: 1,
};
const LATER = { channel: 'live', version: 3, starts_at: '2026-12-01T08:00:00' };

/** @param {Partial<ThemeSummary>} changes */
const labels = (changes) => themeStates({ ...THEME, ...changes }).map(({ label }) => label);

describe('the state of a theme', () => {
  test('is draft until something else is so', () => {
    expect(labels({})).toEqual(['Draft']);
    expect(labels({ was_deployed: true })).toEqual(['Taken down']);
    expect(labels({ archived: true, active: [LIVE] })).toEqual(['Archived']);
    expect(labels({ active: [LIVE] })).toEqual(['Live v2', 'Canary v3 · 10%']);
    expect(labels({ scheduled: [LATER] })).toEqual(['Scheduled Dec 1']);
    expect(labels({ review: 'in_review' })).toEqual(['In review v3']);
  });

  test('names other channels, and is no longer approved once it is served', () => {
    const beta = { ...LIVE, channel: 'beta', canary_version: null, canary_percent: 0 };
    expect(labels({ active: [beta], review: 'approved' })).toEqual(['beta v2', 'Approved v3']);
    expect(labels({ active: [LIVE], review: 'approved' })).not.toContain('Approved v3');
  });

  test('decides which filters show it', () => {
    /** @param {Partial<ThemeSummary>} changes */
    const filters = (changes) => [...filtersOf({ ...THEME, ...changes })];
    expect(filters({})).toEqual(['draft']);
    expect(filters({ active: [LIVE], review: 'changes_requested' })).toEqual(['live', 'review']);
    expect(filters({ archived: true, active: [LIVE] })).toEqual(['archived']);
  });
});

describe('publishing', () => {
  test('gives a version to everyone, or a share of the requests beside what is live', () => {
    expect(rollout(3, null, 2)).toEqual({ version: 3, canary_version: null, canary_percent: 0 });
    const canary = rollout(3, 10, 2);
    expect(canary).toEqual({ version: 2, canary_version: 3, canary_percent: 10 });
    expect(checkedVersions(canary)).toEqual([3, 2]);
    // Beside nothing, or beside itself, there is no canary.
    for (const live of [null, 3]) expect(checkedVersions(rollout(3, 10, live))).toEqual([3]);
  });

  test('has times with a time zone', () => {
    const local = '2026-11-27T10:30';
    expect(toTimestamp(local)).toBe(new Date(2026, 10, 27, 10, 30).toISOString());
    expect(toTimestamp('')).toBeNull();
  });

  test('folds the checks to one line, with what prevents it first', () => {
    /** @param {CheckResult['level']} level */
    const result = (level) => /** @type {CheckResult} */ ({ level, message: level, hint: '' });
    const results = [result('pass'), result('warning'), result('error'), result('pass')];
    expect(checksSummary(results)).toBe('2 passed · 1 warning · 1 blocking');
    expect(findings(results).map(({ level }) => level)).toEqual(['error', 'warning']);
  });

  test('is told in the history with canary, dates and bypassed checks', () => {
    const spec = {
      channel: 'live',
      version: 2,
      canary_version: 3,
      canary_percent: 10,
      starts_at: '2026-12-01T08:00:00',
      ends_at: null,
      author: 'ada',
      note: '',
      bypassed_checks: true,
    };
    expect(describeRelease(spec)).toBe(
      'Version 2 · Canary: version 3 (10%) · from Dec 1, 2026, 8:00 AM · Checks bypassed',
    );
    expect(describeRelease({ ...spec, version: null })).toBe('Taken down');
  });
});

describe('a version', () => {
  test('has the share of requests in which users picked an image', () => {
    expect(pickRate({ requests: 8, selections: { A: 1, C: 1 } })).toBe(0.25);
    expect(pickRate({ requests: 8, selections: null })).toBe(0);
    expect(pickRate({ requests: 0, selections: null })).toBeNull();
    expect(pickRate(undefined)).toBeNull();
  });

  test('has its place in the newest blind test that has votes', () => {
    /** @param {number} votes */
    const candidates = (votes) =>
      [2, 3].map((version) => ({
        slug: 'neon-night',
        version,
        slot: null,
        label: '',
        win_probability: 0.5,
        votes,
      }));
    /** @type {BlindTest[]} */
    const tests = [
      { id: 2, title: 'new', is_significant: false, candidates: candidates(0) },
      { id: 1, title: 'old', is_significant: true, candidates: candidates(4) },
    ];
    expect(blindTestRank(tests, 'neon-night', 3)).toMatchObject({
      place: 2,
      of: 2,
      test: { id: 1 },
    });
    expect(blindTestRank(tests, 'neon-night', 1)).toBeNull();
  });

  test('is served as what is live or as the canary', () => {
    expect(servedIn({ active: [LIVE] }, 3)).toEqual([{ channel: 'live', canary: 10 }]);
    expect(servedIn({ active: [LIVE] }, 2)).toEqual([{ channel: 'live', canary: null }]);
  });
});

describe('times', () => {
  const now = Date.parse('2026-11-27T12:00:00Z');
  test.each([
    ['2026-11-27T11:48:00Z', '12 min. ago'],
    ['2026-11-27T09:00:00Z', '3 hr. ago'],
    ['2026-11-26T11:00:00Z', 'yesterday'],
    ['2026-11-27T11:59:50Z', 'now'],
    ['2026-09-01T12:00:00Z', 'Sep 1, 2026'],
  ])('%s is %s', (timestamp, expected) => {
    expect(relativeTime(timestamp, now)).toBe(expected);
  });
});

test('a menu is moved through by arrow keys and closed by Escape', () => {
  const action = vi.fn();
  const menu = menuButton('More', [
    { label: 'Open', href: '/' },
    { label: 'Rename', action },
  ]);
  document.body.append(element('p', { id: 'error' }), menu);
  const opener = find(menu, 'button', HTMLButtonElement);
  opener.click();
  expect(opener.ariaExpanded).toBe('true');
  /** @param {string} key */
  const press = (key) =>
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  expect(document.activeElement?.textContent).toBe('Open');
  press('ArrowUp');
  expect(document.activeElement?.textContent).toBe('Rename');
  press('ArrowDown');
  expect(document.activeElement?.textContent).toBe('Open');
  press('Escape');
  expect([opener.ariaExpanded, document.activeElement]).toEqual(['false', opener]);
  opener.click();
  findAll(menu, '[role=menuitem]', HTMLElement)[1].click();
  expect(action).toHaveBeenCalledOnce();
});

test('what was done can be undone for eight seconds', () => {
  vi.useFakeTimers();
  const undo = vi.fn();
  showUndo('Archived.', undo);
  find(document, '.undo-notice button', HTMLElement).click();
  expect(undo).toHaveBeenCalledOnce();
  showUndo('Archived.', undo);
  vi.advanceTimersByTime(UNDO_MS);
  expect(document.querySelector('.undo-notice')).toBeNull();
  vi.useRealTimers();
});

test('a review shows both versions side by side, blinking or as their difference', () => {
  const pinned = vi.fn((/** @type {Cell} */ cell) => cell);
  const grid = new ReviewGrid(3, pinned);
  document.body.append(grid.root);
  const images = ['A', 'B'].map((slot) => ({
    slot,
    image: `/new-${slot}.webp`,
    baseline_image: `/old-${slot}.webp`,
    delta_e: 2.5,
  }));
  const rows = [{ doodle: 'star-dress', doodle_image: '/doodle.webp', seed: 1, images }];
  grid.show({ baseline_version: 2, complete: true, report: null, rows });
  /** @param {string} mode */
  const choose = (mode) => find(grid.root, `[data-mode=${mode}]`, HTMLElement).click();
  const headings = () => findAll(grid.root, 'thead th', HTMLElement).map((th) => th.textContent);
  expect(headings()).toEqual(['Doodle', 'A v3', 'B v3', 'A v2', 'B v2']);
  choose('difference');
  expect(headings()).toEqual(['Doodle', 'A v3', 'B v3']);
  expect(findAll(grid.root, '.cell:first-child img', HTMLImageElement)).toHaveLength(4);
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'b', bubbles: true }));
  expect(find(grid.root, '[data-mode=blink]', HTMLElement).ariaPressed).toBe('true');
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'b', bubbles: true }));
  expect(find(grid.root, '[data-mode=side]', HTMLElement).ariaPressed).toBe('true');
  grid.root.remove();
});
