/**
 * Everything that made an image, as lines of a list.
 *
 * @import { Drift, DriftKind } from './drift.js'
 * @typedef {{ name: string }} ModelRef
 * @typedef {object} VariantRecipe
 * @property {string} [name] of the recipe
 * @property {ModelRef} base_model
 * @property {ModelRef | null} vae
 * @property {string} sampler
 * @property {string} schedule_type
 * @property {number} steps
 * @property {number} guidance_scale
 * @property {number} guidance_rescale
 * @property {number} guidance_end_fraction
 * @property {number} clip_skip
 * @property {number} denoising_strength
 * @property {number} width
 * @property {number} height
 * @property {{ model: ModelRef, weight: number }[]} loras
 * @property {{ model: ModelRef, preprocessor: string, weight: number, start: number, end: number }[]} control_units
 * @property {{ model: ModelRef, purpose: string, weight: number, start: number, end: number }[]} references
 * @property {{ enabled: boolean, upscaler: string, scale_factor: number, denoising_strength: number }} upscale
 * @property {{ area: string, grow: number, feather: number, keep_face: boolean, keep_hands: boolean }} mask
 * @property {{ enabled: boolean, denoising_strength: number }} face_repair
 *
 * @typedef {object} Variant
 * @property {number} id
 * @property {string} slot of the recipe
 * @property {string} theme its slug
 * @property {number | null} version of the theme, null where it was not saved
 * @property {string} prompt
 * @property {string | null} user_prompt null where it was not recorded; likewise `theme_prompt`
 * @property {string | null} theme_prompt
 * @property {number} prompt_tokens
 * @property {string} negative_prompt
 * @property {number} seed
 * @property {number} request_seed of a request with which the recipe renders the image again
 * @property {readonly string[]} notes
 * @property {Drift | null} [drift] null where it is not measured
 * @property {Drift | null} [drift_before] before it was corrected; null where nothing was
 * @property {readonly DriftKind[]} [drift_exceeded] what is beyond its limit
 * @property {boolean} selected
 * @property {string[]} models
 * @property {VariantRecipe} recipe
 * @property {string} request_id
 * @property {number} render_seconds
 * @property {string} created_at in ISO 8601
 * @property {string} image its address
 * @property {string} thumbnail its address
 * @property {string | null} doodle the address of its thumbnail
 * @property {string} base_image its id
 * @property {boolean} starred
 * @property {string[]} tags
 * @property {string[]} collections
 */
import { element, untranslated } from '../lib/dom.js';
import { formatNumber, formatTime, t } from '../lib/i18n.js';
import { driftText } from './drift.js';

/** @type {Readonly<Record<string, string>>} */
const MASK_AREAS = {
  doodle: t('recipe.mask_area_doodle'),
  garment: t('recipe.mask_area_garment'),
  both: t('recipe.mask_area_both'),
};

/**
 * @param {Variant} variant
 * @returns {[name: string, value: Node | string | number][]} what is off or empty is left out
 */
export function variantFacts(variant) {
  const { version, prompt, negative_prompt, seed, models, recipe, render_seconds } = variant;
  const { sampler, schedule_type, steps, width, height, mask, upscale, face_repair } = recipe;
  /** @type {[string, Node | string | number | null][]} */
  const lines = [
    [
      t('page.history.preset'),
      version ? t('page.version_number', { number: version }) : t('page.history.not_saved'),
    ],
    [t('page.history.prompt'), untranslated(prompt)],
    [t('page.history.negative_prompt'), negative_prompt ? untranslated(negative_prompt) : null],
    [t('page.history.seed'), seed],
    [t('page.history.models'), untranslated(models.join(', '))],
    [t('page.history.sampler'), t('page.history.sampler_steps', { sampler, steps })],
    [t('page.history.schedule_type'), schedule_type],
    [t('page.history.guidance_scale'), recipe.guidance_scale],
    [t('page.history.strength'), recipe.denoising_strength],
    [t('page.history.size'), `${width} × ${height}`],
    [t('page.history.clip_skip'), recipe.clip_skip > 1 ? recipe.clip_skip : null],
    [t('page.history.loras'), list(recipe.loras.map(loraText))],
    [t('page.history.control_units'), list(recipe.control_units.map(unitText))],
    [t('page.history.references'), list(recipe.references.map(referenceText))],
    [t('page.history.mask'), mask.area === 'off' ? null : maskText(mask)],
    [
      t('page.history.upscale'),
      upscale.enabled ? `${upscale.upscaler} × ${formatNumber(upscale.scale_factor, 2)}` : null,
    ],
    [t('page.history.face_repair'), face_repair.enabled ? face_repair.denoising_strength : null],
    [t('page.history.drift'), variant.drift ? driftText(variant.drift) : null],
    [t('page.history.drift_before'), variant.drift_before ? driftText(variant.drift_before) : null],
    [
      t('page.history.created'),
      formatTime(variant.created_at, { dateStyle: 'medium', timeStyle: 'short' }),
    ],
    [t('page.history.duration'), t('page.duration_seconds', { count: render_seconds })],
  ];
  return lines.flatMap(([name, value]) => (value === null ? [] : [[name, value]]));
}

/** @param {VariantRecipe['mask']} mask */
function maskText({ area, grow, feather, keep_face, keep_hands }) {
  const kept = [keep_face && t('recipe.mask_keep_face'), keep_hands && t('recipe.mask_keep_hands')];
  return [
    t('page.history.mask_area', { area: MASK_AREAS[area] ?? area, grow, feather }),
    ...kept.filter(Boolean),
  ].join(' · ');
}

/** @param {VariantRecipe['loras'][number]} lora */
function loraText({ model, weight }) {
  return `${model.name} · ${formatNumber(weight, 2)}`;
}

/** @param {VariantRecipe['control_units'][number]} unit */
function unitText({ model, preprocessor, weight, start, end }) {
  const steps = `${formatNumber(start, 2)}–${formatNumber(end, 2)}`;
  return `${model.name} · ${preprocessor} · ${formatNumber(weight, 2)} · ${steps}`;
}

/** @param {VariantRecipe['references'][number]} reference */
function referenceText({ model, purpose, weight, start, end }) {
  const steps = `${formatNumber(start, 2)}–${formatNumber(end, 2)}`;
  const name = t(`recipe.purpose_${purpose}`);
  return `${model.name} · ${name} · ${formatNumber(weight, 2)} · ${steps}`;
}

/**
 * @param {string[]} lines
 * @returns {HTMLElement | null} null for none
 */
function list(lines) {
  if (!lines.length) return null;
  const items = lines.map((line) => element('li', {}, line));
  return element('ul', { translate: false }, ...items);
}
