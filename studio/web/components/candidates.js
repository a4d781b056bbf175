/**
 * The form of a new blind test: up to four candidates, each a version of a theme or one recipe of it.
 *
 * @typedef {{ slug: string, name: string, latest: number }} Theme
 * @typedef {object} Candidate
 * @property {string} slug of the theme
 * @property {number} version of the theme
 * @property {string | null} slot of the recipe, null for all four
 */
import { element, untranslatedOption } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

const MAX_CANDIDATES = 4;
const REQUIRED_CANDIDATES = 2;
const SLOTS = ['A', 'B', 'C', 'D'];

/**
 * @param {readonly Theme[]} themes
 * @returns {HTMLElement[]} a row of fields for each candidate
 */
export function candidateRows(themes) {
  return Array.from({ length: MAX_CANDIDATES }, (_, index) => candidateRow(index, themes));
}

/**
 * @param {number} index
 * @param {readonly Theme[]} themes
 */
function candidateRow(index, themes) {
  const required = index < REQUIRED_CANDIDATES;
  const number = index + 1;
  const empty = required ? t('page.blind_tests.choose') : t('page.no_value');
  const theme = element(
    'select',
    { name: `theme-${index}`, required, ariaLabel: t('page.blind_tests.theme_number', { number }) },
    element('option', { value: '' }, empty),
    ...themes.map(({ slug, name }) => untranslatedOption(slug, name)),
  );
  const version = element('input', {
    type: 'number',
    name: `version-${index}`,
    min: '1',
    ariaLabel: t('page.version_heading', { number }),
  });
  const slot = element(
    'select',
    { name: `slot-${index}`, ariaLabel: t('page.blind_tests.recipe_number', { number }) },
    element('option', { value: '' }, t('page.blind_tests.all_four')),
    ...SLOTS.map((each) => element('option', { value: each }, each)),
  );
  theme.addEventListener('change', () => {
    version.value = String(themes.find((each) => each.slug === theme.value)?.latest ?? '');
  });
  return element('div', { className: 'candidate' }, theme, version, slot);
}

/**
 * The candidates that are filled in.
 *
 * @param {FormData} fields of the rows
 * @returns {Candidate[]}
 */
export function readCandidates(fields) {
  const read = (/** @type {string} */ name) => String(fields.get(name) ?? '');
  return Array.from({ length: MAX_CANDIDATES }, (_, index) => ({
    slug: read(`theme-${index}`),
    version: Number(read(`version-${index}`)),
    slot: read(`slot-${index}`) || null,
  })).filter((candidate) => candidate.slug);
}
