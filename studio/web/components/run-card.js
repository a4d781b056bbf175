/**
 * The history's rows and tiles: a run with its doodle and four images, or one image.
 *
 * @import { Variant } from './variant-facts.js'
 * @typedef {object} Run
 * @property {string} request_id
 * @property {string} client who sent it
 * @property {Variant[]} variants by slot
 */
import { element, untranslated } from '../lib/dom.js';
import { formatTime, language, t } from '../lib/i18n.js';
import { timeElement } from '../lib/table.js';

const SLOTS = ['A', 'B', 'C', 'D'];
/** The client of the studio's own runs. */
const STUDIO_CLIENT = 'studio';

/**
 * @param {Run} run
 * @param {object} options
 * @param {Readonly<Record<string, string>>} options.baseImages addresses by id
 * @param {Readonly<Record<string, string>>} options.themes names by slug
 */
export function runCard(run, { baseImages, themes }) {
  const [first] = run.variants;
  const images = SLOTS.map((slot) => {
    const variant = run.variants.find((each) => each.slot === slot);
    return variant ? variantTile(variant) : missingTile(slot);
  });
  const who = run.client === STUDIO_CLIENT ? t('page.history.by_studio') : untranslated(run.client);
  const facts = element(
    'p',
    { className: 'facts' },
    themeChip(first, themes),
    timeElement(first.created_at, { timeStyle: 'short' }),
    element('span', {}, who),
  );
  const prompt = element('p', { className: 'prompt', translate: false }, first.prompt);
  const card = element('article', { className: 'run' });
  card.setAttribute('aria-label', t('page.history.run_at', { time: formatTime(first.created_at) }));
  card.append(doodleTile(first, baseImages), ...images);
  card.append(element('div', { className: 'about' }, prompt, facts));
  return card;
}

/**
 * @param {Variant} variant
 * @param {Readonly<Record<string, string>>} themes names by slug
 */
function themeChip({ theme, version }, themes) {
  const number = version
    ? t('page.version_number', { number: version })
    : t('page.history.not_saved');
  return element(
    'span',
    { className: 'chip' },
    untranslated(themes[theme] ?? theme),
    ` · ${number}`,
  );
}

/**
 * The doodle over its base image.
 *
 * @param {Variant} variant
 * @param {Readonly<Record<string, string>>} baseImages addresses by id
 */
function doodleTile({ doodle, base_image }, baseImages) {
  const tile = element('div', { className: 'doodle' });
  if (doodle === null && !baseImages[base_image]) return tile;
  const base = baseImages[base_image];
  if (base) tile.append(element('img', { src: base, alt: '', loading: 'lazy', decoding: 'async' }));
  if (doodle !== null) tile.append(thumbnail(doodle, t('page.doodle')));
  return tile;
}

/** @param {string} slot */
function missingTile(slot) {
  const note = element('span', {}, t('page.history.no_image'));
  return element('div', { className: 'missing' }, element('b', {}, slot), note);
}

/**
 * An image with a box to select it. Who lists it reacts to `click` and `change`.
 *
 * @param {Variant} variant
 * @returns {HTMLElement} with the variant's id as `data-variant`
 */
export function variantTile(variant) {
  const { id, slot, theme, seed, recipe, starred, selected } = variant;
  const title = t('page.history.created_by', { preset: theme, slot, seed });
  const open = element(
    'button',
    { type: 'button', className: 'open', title: t('page.history.open_image') },
    thumbnail(variant.thumbnail, title),
  );
  const box = element('input', {
    type: 'checkbox',
    value: String(id),
    ariaLabel: t('page.history.select', { variant: title }),
  });
  const name = element('span', { translate: false }, recipe.name ?? '');
  const caption = element('figcaption', {}, element('b', {}, slot), name);
  const tile = element('figure', { className: 'tile' }, open, caption, box);
  tile.append(element('span', { className: 'star', ariaHidden: 'true' }, '★'));
  if (selected) {
    tile.append(element('span', { className: 'picked chip' }, t('page.history.picked')));
    tile.classList.add('is-picked');
  }
  tile.dataset.variant = String(id);
  tile.classList.toggle('starred', starred);
  return tile;
}

/**
 * @param {string} src of the thumbnail
 * @param {string} alt
 */
function thumbnail(src, alt) {
  const image = element('img', {
    alt,
    loading: 'lazy',
    decoding: 'async',
    width: 192,
    height: 192,
  });
  image.srcset = `${src}?size=192 1x, ${src}?size=384 2x`;
  image.src = `${src}?size=192`;
  return image;
}

/**
 * The heading of a day: today and yesterday by these words.
 *
 * @param {string} timestamp in ISO 8601
 * @param {Date} [now]
 */
export function dayName(timestamp, now = new Date()) {
  const midnight = (/** @type {Date} */ date) =>
    new Date(date.getFullYear(), date.getMonth(), date.getDate());
  const then = midnight(new Date(timestamp));
  const days = Math.round((midnight(now).getTime() - then.getTime()) / 86_400_000);
  if (days === 0) return t('page.history.today');
  if (days === 1) return t('page.history.yesterday');
  return formatTime(timestamp, { dateStyle: 'full' });
}

/** @param {string} timestamp */
export function dayKey(timestamp) {
  return new Date(timestamp).toLocaleDateString(language);
}
