/**
 * Models as cards, grouped by kind.
 *
 * @typedef {'checkpoint' | 'controlnet' | 'lora' | 'vae' | 'detector' | 'ip_adapter' | 'image_encoder'} ModelKind
 * @typedef {object} Model
 * @property {ModelKind} kind
 * @property {string} name
 * @property {string} family
 * @property {number} size_bytes
 * @property {string | null} sha256 null while it is being computed
 * @property {string[]} trigger_words
 * @property {'device' | 'ram' | 'disk'} tier
 * @property {string | null} preview the address of the preview image, where there is one
 * @typedef {{ slug: string, name: string, live: boolean }} ThemeUse
 */
import { element, untranslated } from '../lib/dom.js';
import { fileSize } from '../lib/format.js';
import { t } from '../lib/i18n.js';

const TIER_NAMES = {
  device: t('page.models.location_device'),
  ram: t('page.models.location_ram'),
  disk: t('page.models.location_disk'),
};
/** In the order in which the page shows them. */
export const KIND_NAMES = {
  checkpoint: t('page.models.kind_checkpoint'),
  controlnet: t('page.models.kind_controlnet'),
  lora: t('page.models.kind_lora'),
  vae: t('page.models.kind_vae'),
  detector: t('page.models.kind_detector'),
  ip_adapter: t('page.models.kind_ip_adapter'),
  image_encoder: t('page.models.kind_image_encoder'),
};
export const KINDS = /** @type {ModelKind[]} */ (Object.keys(KIND_NAMES));

/**
 * @param {readonly Model[]} models
 * @param {string} text that a name must have, whatever its case
 * @param {ModelKind | ''} kind '' for all
 */
export function filterModels(models, text, kind) {
  const wanted = text.trim().toLowerCase();
  return models.filter(
    (model) => (!kind || model.kind === kind) && model.name.toLowerCase().includes(wanted),
  );
}

/**
 * @param {readonly Model[]} models
 * @param {(model: Model) => readonly ThemeUse[] | undefined} usage undefined while it is not known
 * @returns {HTMLElement[]} a section for each kind that there is
 */
export function modelSections(models, usage) {
  return KINDS.flatMap((kind) => {
    const ofKind = models.filter((model) => model.kind === kind);
    if (!ofKind.length) return [];
    const cards = ofKind.map((model) => modelCard(model, usage(model)));
    const heading = element('h2', {}, KIND_NAMES[kind]);
    return [element('section', {}, heading, element('div', { className: 'cards' }, ...cards))];
  });
}

/**
 * @param {Model} model
 * @param {readonly ThemeUse[] | undefined} uses
 */
function modelCard(model, uses) {
  const { kind, name, family, size_bytes, sha256, trigger_words, tier, preview } = model;
  const image = preview
    ? element('img', { src: `${preview}?size=192`, alt: '', loading: 'lazy' })
    : element('span', { className: 'letter', ariaHidden: 'true' }, name.slice(0, 1).toUpperCase());
  const familyName = family === 'unknown' ? t('page.models.family_unknown') : untranslated(family);
  const chips = element(
    'p',
    { className: 'chips' },
    element('span', { className: 'chip' }, familyName),
    element('span', { className: 'chip' }, fileSize(size_bytes)),
    element('span', { className: `chip ${tier}` }, TIER_NAMES[tier]),
  );
  const hash = sha256
    ? element('code', { translate: false, title: sha256 }, sha256.slice(0, 10))
    : element('small', {}, t('page.models.hash_pending'));
  const words = trigger_words.length
    ? element(
        'small',
        {},
        `${t('page.models.trigger_words')}: `,
        untranslated(trigger_words.join(', ')),
      )
    : null;
  const title = element('h3', { translate: false, title: name }, name);
  const body = element('div', {}, title, chips, hash, words);
  // Detectors are no part of a recipe: no theme names them.
  if (uses && kind !== 'detector') body.append(usageLine(uses));
  return element('article', { className: 'model' }, image, body);
}

/** @param {readonly ThemeUse[]} uses */
function usageLine(uses) {
  if (!uses.length) return element('small', { className: 'usage' }, t('page.models.unused'));
  const names = uses.map(({ name, live }) => (live ? t('page.models.live_theme', { name }) : name));
  const line = t('page.models.used_by', { themes: names });
  return element('small', { className: 'usage', title: line, translate: false }, line);
}
