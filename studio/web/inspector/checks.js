/**
 * Checks in the browser: ranges of values while one types, and the cost of a pass.
 *
 * @import { Description, Field, Json, Model, Preset, Recipe, Section, Slot } from './types.js'
 */

import { duration } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { modelName, pathsOf, valueAt } from './document.js';
import { SLOTS } from './types.js';

/** The image for which the server tells the duration of a step. */
const STEP_PIXELS = 512 * 512;

/**
 * Why a field's value is invalid, in the words of the server, which checks it again.
 *
 * @param {Field} field
 * @param {Json | undefined} value
 * @returns {string} empty where it is valid
 */
export function valueError(field, value) {
  if (field.kind === 'number' || field.kind === 'integer') return numberError(field, value);
  if (field.kind === 'text' && typeof value === 'string' && field.max_length !== null) {
    if ([...value].length > field.max_length) {
      return t('pydantic.string_too_long', { max_length: field.max_length });
    }
  }
  return '';
}

/**
 * @param {Field} field
 * @param {Json | undefined} value
 */
function numberError({ kind, minimum, maximum, multiple_of }, value) {
  if (typeof value !== 'number')
    return t(kind === 'integer' ? 'pydantic.int_type' : 'pydantic.float_type');
  if (kind === 'integer' && !Number.isInteger(value)) return t('pydantic.int_from_float');
  if (minimum !== null && value < minimum) {
    return t('pydantic.greater_than_equal', { ge: minimum });
  }
  if (maximum !== null && value > maximum) return t('pydantic.less_than_equal', { le: maximum });
  if (multiple_of !== null && value % multiple_of) {
    return t('pydantic.multiple_of', { multiple_of });
  }
  return '';
}

/**
 * Every invalid value of a preset by the path of its field, such as "recipes.A.width".
 *
 * @param {Description} description
 * @param {Preset} preset
 * @returns {Map<string, string>}
 */
export function presetErrors(description, preset) {
  const errors = new Map();
  for (const slot of SLOTS) {
    const recipe = preset.recipes[slot];
    for (const field of description.fields) {
      for (const path of pathsOf(field, recipe)) {
        const error = valueError(field, valueAt(recipe, path));
        if (error) errors.set(`recipes.${slot}.${path}`, error);
      }
    }
  }
  return errors;
}

/**
 * The steps that a section's pass runs, as the engine counts them.
 *
 * @param {Section} section
 * @param {Recipe} recipe
 * @returns {{ steps: number, strength: number, run: number } | null} null where the section is no pass, or off
 */
export function passSteps({ id, steps }, recipe) {
  if (steps === null || valueAt(recipe, `${id}.enabled`) === false) return null;
  const strength = Number(valueAt(recipe, steps.strength));
  const count = steps.fields.map((path) => Number(valueAt(recipe, path))).find(Boolean) ?? 0;
  return { steps: count, strength, run: Math.floor(count * strength) };
}

/**
 * The time of a section's pass here, by its steps and pixels.
 *
 * @param {Section} section
 * @param {Recipe} recipe
 * @param {Readonly<Record<string, number>>} secondsPerStep by base model
 * @returns {number | null} 0 where the section is no pass, or off; null where its model was not measured
 */
export function passSeconds(section, recipe, secondsPerStep) {
  const pass = passSteps(section, recipe);
  if (pass === null) return 0;
  const seconds = secondsPerStep[modelName(valueAt(recipe, 'base_model'))];
  if (seconds === undefined || Number.isNaN(pass.run)) return null;
  return (pass.run * seconds * passPixels(section, recipe)) / STEP_PIXELS;
}

/**
 * @param {Section} section
 * @param {Recipe} recipe
 */
function passPixels({ id }, recipe) {
  const number = (/** @type {string} */ path) => Number(valueAt(recipe, path));
  if (id === 'face_repair') return number('face_repair.render_size') ** 2;
  const factor = id === 'upscale' ? number('upscale.scale_factor') : 1;
  return number('width') * number('height') * factor ** 2;
}

/**
 * The time that the four images of a preset take here, one after the other.
 *
 * @param {Description} description
 * @param {Preset} preset
 * @param {Readonly<Record<string, number>>} secondsPerStep by base model
 * @returns {number | null} null where a model was not measured
 */
export function presetSeconds({ sections }, preset, secondsPerStep) {
  let sum = 0;
  for (const slot of SLOTS) {
    for (const section of sections) {
      const seconds = passSeconds(section, preset.recipes[slot], secondsPerStep);
      if (seconds === null) return null;
      sum += seconds;
    }
  }
  return sum;
}

/**
 * @param {Preset} preset
 * @param {readonly Model[]} models that are installed
 * @returns {Slot[]} of the recipes whose base model reads English only, by a word list of its own
 */
export function englishOnly({ recipes }, models) {
  const pocket = models.filter(({ kind, family }) => kind === 'checkpoint' && family === 'pocket');
  const names = new Set(pocket.map(({ name }) => name));
  return SLOTS.filter((slot) => names.has(modelName(recipes[slot].base_model)));
}

/**
 * The cost of a section's pass in words: "14 × 0.56 = 7 steps, about 6 s here".
 *
 * @param {Section} section
 * @param {Recipe} recipe
 * @param {Readonly<Record<string, number>>} secondsPerStep by base model
 * @returns {string} empty where the section is no pass, or off
 */
export function costText(section, recipe, secondsPerStep) {
  const pass = passSteps(section, recipe);
  if (pass === null || Number.isNaN(pass.run)) return '';
  const steps = t('studio.inspector_steps', { ...pass });
  const seconds = passSeconds(section, recipe, secondsPerStep);
  if (!seconds) return steps;
  return t('studio.inspector_steps_time', { steps, time: duration(seconds) });
}
