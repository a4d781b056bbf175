/**
 * What is done with a whole theme: renaming, branching, archiving, importing. Each asks in a dialog.
 *
 * @import { MenuItem } from './menu-button.js'
 * @import { ThemeSummary } from './theme-states.js'
 */
import { element, untranslatedOption } from '../lib/dom.js';
import { API, postFile, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { authorField, confirmAction, paragraph } from './dialogs.js';
import { showUndo } from './undo-notice.js';

export const THEMES = `${API}/admin/themes`;
const MAX_NAME = 80;

/**
 * @param {string} slug
 * @param {number} version
 */
export const studioUrl = (slug, version) => `/?preset=${slug}&version=${version}`;

/**
 * @param {string} slug
 * @param {number} version
 */
export const reviewUrl = (slug, version) => `/themes/${slug}/versions/${version}/review`;

/**
 * @param {string} label
 * @param {string} value
 */
function nameField(label, value) {
  const input = element('input', { name: 'name', required: true, maxLength: MAX_NAME, value });
  const root = element('label', { className: 'wide' }, label, ' ', input);
  return { root, value: () => input.value.trim() };
}

/**
 * @param {{ slug: string, name: string }} theme
 * @returns {Promise<boolean>} whether it was renamed
 */
export function rename({ slug, name }) {
  const field = nameField(t('page.themes.new_name'), name);
  const author = authorField();
  return confirmAction({
    title: t('page.themes.rename_title', { theme: name }),
    label: t('page.themes.rename'),
    content: [field.root, author.root],
    canConfirm: () => Boolean(field.value()) && field.value() !== name && Boolean(author.name()),
    action: () => {
      const query = new URLSearchParams({ name: field.value(), author: author.name() });
      return postJson(`${THEMES}/${slug}/name?${query}`, {}, { method: 'PUT' });
    },
  });
}

/**
 * Makes a new theme of a version.
 *
 * @param {{ slug: string, name: string }} theme
 * @param {number} version
 * @returns {Promise<string | null>} the new theme's slug; null where it was not made
 */
export async function branch({ slug, name }, version) {
  const field = nameField(t('page.themes.new_theme_name'), `${name} 2`);
  const author = authorField();
  let created = null;
  await confirmAction({
    title: t('page.themes.branch_title', { theme: name, number: version }),
    label: t('page.themes.branch'),
    content: [field.root, author.root],
    canConfirm: () => Boolean(field.value()) && Boolean(author.name()),
    action: async () => {
      created = await createBranch(slug, version, field.value(), author.name());
    },
  });
  return created;
}

/**
 * @param {string} slug
 * @param {number} version
 * @param {string} name
 * @param {string} author
 * @returns {Promise<string>} the new theme's slug
 */
async function createBranch(slug, version, name, author) {
  const url = `${THEMES}/${slug}/versions/${version}/branch`;
  const created = /** @type {{ slug: string }} */ (await postJson(url, { name, author }));
  return created.slug;
}

/**
 * Asks for a name and for a theme to begin with.
 *
 * @param {readonly ThemeSummary[]} themes at least one
 * @returns {Promise<string | null>} the new theme's slug; null where it was not made
 */
export async function createTheme(themes) {
  const field = nameField(t('page.themes.new_theme_name'), '');
  const options = themes.map(({ slug, name }) => untranslatedOption(slug, name));
  const select = element('select', { name: 'from' }, ...options);
  const author = authorField();
  let created = null;
  await confirmAction({
    title: t('page.themes.new_theme'),
    label: t('page.themes.create'),
    content: [
      field.root,
      element('label', { className: 'wide' }, t('page.themes.start_from'), ' ', select),
      author.root,
    ],
    canConfirm: () => Boolean(field.value()) && Boolean(author.name()),
    action: async () => {
      const { slug, latest } = themes[select.selectedIndex];
      created = await createBranch(slug, latest, field.value(), author.name());
    },
  });
  return created;
}

/**
 * Asks for a preset file.
 *
 * @returns {Promise<string | null>} the slug of its theme; null where nothing was imported
 */
export async function importTheme() {
  const file = element('input', { type: 'file', name: 'file', accept: '.json,application/json' });
  const author = authorField();
  /** @type {{ slug: string, missing: string[] } | null} */
  let imported = null;
  await confirmAction({
    title: t('page.themes.import_preset_file'),
    label: t('page.themes.import'),
    content: [
      paragraph(t('page.themes.import_hint')),
      element('label', { className: 'wide' }, t('page.themes.file'), ' ', file),
      author.root,
    ],
    canConfirm: () => Boolean(file.files?.length) && Boolean(author.name()),
    action: async () => {
      const [chosen] = file.files ?? [];
      const query = new URLSearchParams({ name: chosen.name, author: author.name() });
      imported = /** @type {typeof imported} */ (await postFile(`${THEMES}?${query}`, chosen));
    },
  });
  if (imported === null) return null;
  const { slug, missing } = /** @type {{ slug: string, missing: string[] }} */ (imported);
  if (missing.length) await showMissing(missing);
  return slug;
}

/** @param {readonly string[]} missing why models of an imported theme cannot be used */
function showMissing(missing) {
  const reasons = missing.map((reason) => element('li', {}, reason));
  return confirmAction({
    title: t('page.themes.models_missing'),
    label: t('page.themes.continue'),
    content: [element('ul', {}, ...reasons)],
    action: async () => {},
  });
}

/**
 * Archives a theme or puts it back, and offers the way back.
 *
 * @param {{ slug: string, name: string, archived: boolean }} theme
 * @param {() => unknown} onChange is called after each change; may be async
 */
export async function toggleArchived({ slug, name, archived }, onChange) {
  /** @param {boolean} value */
  async function set(value) {
    await postJson(`${THEMES}/${slug}/archived?archived=${value}`, {}, { method: 'PUT' });
    await onChange();
  }
  await set(!archived);
  const text = archived
    ? t('page.themes.was_unarchived', { theme: name })
    : t('page.themes.was_archived', { theme: name });
  showUndo(text, () => set(archived));
}

/**
 * The menu of a theme.
 *
 * @param {{ slug: string, name: string, archived: boolean }} theme
 * @param {number} version that is opened, branched and exported
 * @param {() => unknown} onChange is called after the theme was renamed or archived; may be async
 * @returns {MenuItem[]}
 */
export function themeMenu(theme, version, onChange) {
  const { slug, archived } = theme;
  return [
    { label: t('page.themes.open_in_studio'), href: studioUrl(slug, version) },
    {
      label: t('page.themes.rename_ellipsis'),
      action: async () => {
        if (await rename(theme)) await onChange();
      },
    },
    {
      label: t('page.themes.branch_ellipsis'),
      action: async () => {
        const created = await branch(theme, version);
        if (created) location.assign(`/themes/${created}`);
      },
    },
    {
      label: t('page.export'),
      href: `${THEMES}/${slug}/versions/${version}/file?bases=true`,
      download: '',
    },
    {
      label: archived ? t('page.themes.unarchive') : t('page.themes.archive'),
      action: () => toggleArchived(theme, onChange),
    },
  ];
}
