/**
 * A preset for tests of the inspector, and the fields as the server describes them
 * (`tests/unit/recipes/test_recipe_fields.py` compares `recipe-fields.json` with it).
 *
 * @import { Description, Preset, Recipe, Saved, Slot } from '../../studio/web/inspector/types.js'
 */
import fields from './recipe-fields.json';

export const description = /** @type {Description} */ (/** @type {unknown} */ (fields));

/**
 * @param {Slot} slot
 * @returns {Recipe}
 */
const recipe = (slot) => ({
  name: slot,
  base_model: { name: 'pocket-ink', sha256: null },
  vae: null,
  sampler: 'DPM++ 2M',
  schedule_type: 'Automatic',
  steps: 14,
  guidance_scale: 1.5,
  guidance_rescale: 0,
  guidance_end_fraction: 1,
  clip_skip: 1,
  deepcache_interval: 1,
  denoising_strength: 0.56,
  width: 256,
  height: 256,
  prompt_template: 'an avatar wearing {prompt}',
  negative_prompt: '',
  loras: [],
  control_units: [unit('scribble', 1), unit('pose', 1.3)],
  references: [],
  mask: { area: 'off', grow: 16, feather: 8, keep_face: false, keep_hands: false },
  drift_lock: 'off',
  upscale: {
    enabled: false,
    upscaler: 'Latent',
    scale_factor: 2,
    steps: 0,
    denoising_strength: 0.7,
  },
  face_repair: {
    enabled: false,
    denoising_strength: 0.4,
    padding: 32,
    mask_blur: 4,
    render_size: 512,
  },
  seed_policy: { mode: 'shared', value: 0 },
});

/**
 * @param {string} name
 * @param {number} weight
 */
const unit = (name, weight) => ({
  model: { name, sha256: null },
  preprocessor: name,
  source: 'doodle',
  image_sha256: null,
  resize_mode: 'Just Resize',
  mode: 'Balanced',
  weight,
  start: 0,
  end: 1,
});

/** @returns {Preset} */
export const preset = () => ({
  name: 'First light',
  theme_prompt: '',
  recipes: { A: recipe('A'), B: recipe('B'), C: recipe('C'), D: recipe('D') },
});

/** @returns {Saved} */
export const saved = () => ({ slug: 'light', version: 3, preset: preset() });
