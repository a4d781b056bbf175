/**
 * Values of a grid's axes and of a study's search space. Pure functions.
 *
 * @typedef {string | number} Value
 * @typedef {{ field: string, values: Value[] }} Axis
 * @typedef {object} GridField a field that can be varied, as the API lists it
 * @property {string} path in a recipe, such as `control_units.0.weight`
 * @property {string} label
 * @property {'number' | 'integer' | 'choice' | 'checkpoint' | 'vae' | 'controlnet' | 'lora' | 'ip_adapter' | 'image_encoder' | 'prompt' | 'seed' | 'theme'} kind
 * @property {number | null} minimum of a number
 * @property {number | null} maximum of a number
 * @property {number | null} step of a slider
 * @property {{ value: string, label: string }[]} choices of a list
 * @property {boolean} is_recipe_field whether it is in a recipe
 */

/** Values of one axis, as the server limits them. */
export const MAX_AXIS_VALUES = 100;

/**
 * Numbers from end to end, each once.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} count at least 1
 * @param {boolean} [isInteger] whether they are rounded to integers, otherwise to four decimals
 * @returns {number[]}
 */
export function spread(low, high, count, isInteger = false) {
  const factor = isInteger ? 1 : 10_000;
  const numbers = Array.from({ length: count }, (_, index) => {
    const part = count === 1 ? 0 : index / (count - 1);
    return Math.round((low + (high - low) * part) * factor) / factor;
  });
  return [...new Set(numbers)];
}

/**
 * The value of a field in a recipe's document.
 *
 * @param {unknown} recipe
 * @param {string} path keys and indices joined by dots
 * @returns {unknown} undefined where the recipe has no such field
 */
export function valueAt(recipe, path) {
  /** @type {unknown} */
  let value = recipe;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = /** @type {Record<string, unknown>} */ (value)[key];
  }
  return value;
}

/**
 * The fields that a recipe has, and those that are in no recipe.
 *
 * @param {readonly GridField[]} fields
 * @param {unknown} recipe
 */
export function availableFields(fields, recipe) {
  return fields.filter(
    ({ path, is_recipe_field }) => !is_recipe_field || valueAt(recipe, path) !== undefined,
  );
}

/**
 * A range around a value, within bounds: where the thumbs of a range stand first.
 *
 * @param {number} value
 * @param {{ minimum: number, maximum: number }} bounds
 * @param {boolean} isInteger
 * @returns {[low: number, high: number]}
 */
export function rangeAround(value, { minimum, maximum }, isInteger) {
  const width = maximum - minimum;
  const reach = width > 4 ? Math.max(1, value * 0.5) : width * 0.2;
  const ends = [Math.max(minimum, value - reach), Math.min(maximum, value + reach)];
  const [low, high] = ends.map((end) => spread(end, end, 1, isInteger)[0]);
  return [low, high];
}

/**
 * The line of a study's search space in the API's notation, such as `steps=8..20`.
 *
 * @param {string} path
 * @param {{ low: number, high: number } | { choices: readonly string[] }} space
 */
export function searchSpaceLine(path, space) {
  if ('low' in space) return `${path}=${space.low}..${space.high}`;
  const quoted = space.choices.map((choice) => `"${choice.replaceAll('"', '""')}"`);
  return `${path}=${quoted.join(',')}`;
}
