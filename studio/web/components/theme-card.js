/**
 * A theme in the gallery.
 *
 * @import { ThemeSummary } from './theme-states.js'
 */
import { element, untranslated } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { timeAgo } from '../lib/relative-time.js';
import { menuButton } from './menu-button.js';
import { themeMenu } from './theme-actions.js';
import { stateChips, themeStates } from './theme-states.js';
import { themeThumbnails } from './theme-thumbnails.js';

const IMAGE_WIDTH = 160;

/**
 * @param {ThemeSummary} theme
 * @param {() => unknown} onChange is called after the theme was renamed or archived; may be async
 */
export function themeCard(theme, onChange) {
  const { slug, name, latest, author, updated_at, tags } = theme;
  const link = element('a', { className: 'theme-card-link', href: `/themes/${slug}` });
  link.append(
    themeThumbnails(slug, IMAGE_WIDTH),
    element('b', { className: 'theme-card-name' }, untranslated(name)),
  );
  const made = element('small', { className: 'made' });
  if (author) made.append(untranslated(author), ' · ');
  made.append(timeAgo(updated_at));
  const labels = tags.map((tag) => element('span', { className: 'tag', translate: false }, tag));
  return element(
    'li',
    { className: 'theme-card' },
    link,
    menuButton(t('page.themes.more_of', { theme: name }), themeMenu(theme, latest, onChange)),
    element(
      'div',
      { className: 'theme-card-facts' },
      stateChips(themeStates(theme)),
      made,
      labels.length ? element('span', { className: 'tags' }, ...labels) : null,
    ),
  );
}
