/**
 * The page of a theme: overview, versions or releases, as its address says.
 *
 * @import { BlindTest, ThemeDetails } from '../components/theme-details.js'
 */
import { menuButton } from '../components/menu-button.js';
import { releases } from '../components/releases.js';
import { tagEditor } from '../components/tag-editor.js';
import { themeMenu } from '../components/theme-actions.js';
import { detailsStates, loadTheme } from '../components/theme-details.js';
import { stateChips } from '../components/theme-states.js';
import { versionComparison } from '../components/version-comparison.js';
import { versionTimeline } from '../components/version-timeline.js';
import { element, find, untranslated } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { percent } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { markReady } from '../lib/ready.js';

const LATEST = 3;

const root = find(document, '#main', HTMLElement);
const slug = root.dataset.slug ?? '';
const content = find(document, '#tab', HTMLElement);

/** @type {Readonly<Record<string, (theme: ThemeDetails) => HTMLElement[]>>} */
const TABS = {
  overview: (theme) => [
    section(t('page.themes.tags'), tagEditor(theme.slug, theme.tags)),
    section(t('page.themes.latest_versions'), versionTimeline(theme, LATEST)),
    ...blindTests(theme.blind_tests),
  ],
  versions: (theme) => [
    versionTimeline(theme),
    ...(theme.versions.length > 1 ? [versionComparison(theme)] : []),
  ],
  releases: (theme) => releases(theme, show),
};

/**
 * @param {string} title
 * @param {...HTMLElement} children
 */
function section(title, ...children) {
  return element('section', {}, element('h2', {}, title), ...children);
}

/**
 * @param {readonly BlindTest[]} tests
 * @returns {HTMLElement[]}
 */
function blindTests(tests) {
  if (!tests.length) return [];
  const items = tests.map(({ id, title, is_significant, candidates }) => {
    const ranking = candidates
      .map(({ label, win_probability }) => `${label} ${percent(win_probability)}`)
      .join(' · ');
    const state = is_significant ? t('page.themes.significant') : t('page.themes.not_significant');
    return element(
      'li',
      {},
      element('a', { href: `/tests/blind-tests?test=${id}` }, untranslated(title)),
      element('small', { translate: false }, ranking),
      element('small', {}, state),
    );
  });
  return [section(t('page.blind_tests'), element('ul', { className: 'blind-tests' }, ...items))];
}

async function show() {
  const theme = await loadTheme(slug);
  const [latest] = theme.versions;
  find(document, '#theme-title', HTMLElement).textContent = theme.name;
  find(document, '#theme-states', HTMLElement).replaceChildren(stateChips(detailsStates(theme)));
  const menu = menuButton(
    t('page.themes.more_of', { theme: theme.name }),
    themeMenu(theme, latest.version, show),
  );
  find(document, '#theme-menu', HTMLElement).replaceChildren(menu);
  content.replaceChildren(...TABS[root.dataset.tab ?? 'overview'](theme));
  content.ariaBusy = 'false';
}

markReady();
await withErrorDisplay(show);
