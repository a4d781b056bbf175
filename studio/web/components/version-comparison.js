/**
 * Any two versions of a theme: their images, and what changed from one to the other.
 *
 * @import { ThemeDetails } from './theme-details.js'
 */
import { element, find } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { t } from '../lib/i18n.js';
import { fieldChanges } from './field-changes.js';
import { themeThumbnails } from './theme-thumbnails.js';

const IMAGE_WIDTH = 120;

/**
 * @param {ThemeDetails} theme with at least two versions
 * @returns {HTMLElement}
 */
export function versionComparison(theme) {
  const numbers = theme.versions.map(({ version }) => version);
  const before = versionSelect(t('page.themes.compare_from'), numbers, numbers[1]);
  const after = versionSelect(t('page.themes.compare_to'), numbers, numbers[0]);
  const images = element('div', { className: 'compared-images' });
  const changes = element('div', { className: 'compared-changes' });
  const root = element(
    'section',
    { className: 'version-comparison' },
    element('h2', {}, t('page.themes.compare_versions')),
    element('div', { className: 'compared-choice' }, before, '→', after),
    images,
    changes,
  );

  let shown = 0;

  async function show() {
    const mine = ++shown;
    const [old, current] = [before, after].map((label) =>
      Number(find(label, 'select', HTMLSelectElement).value),
    );
    images.replaceChildren(...[old, current].map((version) => figure(theme.slug, version)));
    const list = await fieldChanges(theme.slug, old, current);
    if (mine === shown) changes.replaceChildren(list); // Else others were chosen meanwhile.
  }

  root.addEventListener('change', () => withErrorDisplay(show));
  withErrorDisplay(show);
  return root;
}

/**
 * @param {string} label
 * @param {readonly number[]} numbers
 * @param {number} value
 */
function versionSelect(label, numbers, value) {
  const options = numbers.map((number) =>
    element(
      'option',
      { value: String(number), selected: number === value },
      t('page.version_heading', { number }),
    ),
  );
  return element('label', {}, label, ' ', element('select', {}, ...options));
}

/**
 * @param {string} slug
 * @param {number} version
 */
function figure(slug, version) {
  return element(
    'figure',
    {},
    themeThumbnails(slug, IMAGE_WIDTH, version),
    element('figcaption', {}, t('page.version_heading', { number: version })),
  );
}
