/**
 * The lightbox over variants of the history.
 *
 * @import { LightboxImage } from '../lightbox/selection.js'
 * @import { Variant } from './variant-facts.js'
 */
import { formatNumber, t } from '../lib/i18n.js';
import { openLightbox } from '../lightbox/index.js';

export const MOST_COMPARED = 4;
/** Pixels of the longest side of a doodle's thumbnail. */
const DOODLE_SIZE = 768;

/**
 * Compares variants of any runs.
 *
 * @param {readonly Variant[]} variants two to four
 * @param {Readonly<Record<string, string>>} baseImages addresses by id
 */
export function compareVariants(variants, baseImages) {
  const images = variants.map((variant) =>
    lightboxImage(variant, distinctName(variant), doodleImage(variant, baseImages)),
  );
  openLightbox({ groups: [{ name: '', images }], mode: 'side' });
}

/**
 * Shows a variant among those of its run, and the runs around it.
 *
 * @param {Variant} shown
 * @param {readonly Variant[]} all those that are listed
 * @param {Readonly<Record<string, string>>} baseImages addresses by id
 */
export function zoomVariant(shown, all, baseImages) {
  /** @type {Map<string, Variant[]>} */
  const runs = new Map();
  for (const variant of all) {
    const run = runs.get(variant.request_id);
    if (run) run.push(variant);
    else runs.set(variant.request_id, [variant]);
  }
  const groups = [...runs.values()].map((variants) => {
    const doodle = doodleImage(variants[0], baseImages);
    const images = variants.map((variant) => lightboxImage(variant, slotName(variant), doodle));
    return { name: variants[0].prompt, images };
  });
  const group = [...runs.keys()].indexOf(shown.request_id);
  const image = runs.get(shown.request_id)?.indexOf(shown) ?? 0;
  openLightbox({ groups, group, image });
}

/**
 * @param {Variant} variant
 * @param {string} name
 * @param {LightboxImage | null} doodle
 * @returns {LightboxImage}
 */
function lightboxImage({ image, slot, seed, selected }, name, doodle) {
  const download = `variant-${slot}-${seed}.png`;
  return { src: image, name, isPicked: selected, download, doodle };
}

/**
 * @param {Variant} variant
 * @param {Readonly<Record<string, string>>} baseImages addresses by id
 * @returns {LightboxImage | null} the doodle over its base image; null where it is not stored
 */
function doodleImage({ doodle, base_image }, baseImages) {
  if (doodle === null) return null;
  const src = `${doodle}?size=${DOODLE_SIZE}`;
  return { src, under: baseImages[base_image], name: t('page.doodle') };
}

/** @param {Variant} variant */
function slotName({ slot, recipe }) {
  return recipe.name ? `${slot} · ${recipe.name}` : slot;
}

/** @param {Variant} variant */
function distinctName(variant) {
  const { theme, version, seed, recipe } = variant;
  const strength = formatNumber(recipe.denoising_strength, 2);
  return [
    slotName(variant),
    version ? `${theme} v${version}` : theme,
    `${t('page.history.seed')} ${seed}`,
    `${t('page.history.strength')} ${strength}`,
  ].join(' · ');
}
