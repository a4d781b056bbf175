/**
 * Values of a recipe by the path of their field, such as "control_units.0.weight". Documents are never changed:
 * functions return changed copies.
 *
 * @import { Field, Json, Recipe } from './types.js'
 */

/**
 * @param {Json} value
 * @returns {value is { [key: string]: Json }}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * @param {Json} document
 * @param {string} path
 * @returns {Json | undefined} undefined where there is no such item
 */
export function valueAt(document, path) {
  /** @type {Json | undefined} */
  let value = document;
  for (const part of path.split('.')) {
    if (Array.isArray(value)) value = value[Number(part)];
    else if (value !== undefined && isObject(value)) value = value[part];
    else return undefined;
  }
  return value;
}

/**
 * @template {Json} Document
 * @param {Document} document
 * @param {string} path of a value that is there, or of an item after the last of a list
 * @param {Json} value
 * @returns {Document}
 */
export function withValue(document, path, value) {
  const [part, ...rest] = path.split('.');
  /** @param {Json} old */
  const inner = (old) => (rest.length ? withValue(old, rest.join('.'), value) : value);
  if (Array.isArray(document)) {
    const items = [...document];
    items[Number(part)] = inner(items[Number(part)]);
    return /** @type {Document} */ (items);
  }
  /** @type {Json} */
  const object = document;
  if (!isObject(object)) return document;
  return /** @type {Document} */ ({ ...object, [part]: inner(object[part]) });
}

/**
 * @param {Recipe} recipe
 * @param {string} path of a list
 * @returns {Recipe[]} its items
 */
export function itemsAt(recipe, path) {
  const items = valueAt(recipe, path);
  return Array.isArray(items) ? items.filter(isObject) : [];
}

/**
 * Whether two values are the same to an editor: of models the name counts, since hashes are added on saving.
 *
 * @param {Json | undefined} one
 * @param {Json | undefined} other
 * @returns {boolean}
 */
export function isSame(one, other) {
  if (one === undefined || other === undefined) return one === other;
  if (isObject(one) && isObject(other) && 'sha256' in one) return one.name === other.name;
  return JSON.stringify(one) === JSON.stringify(other);
}

/** @param {Json | undefined} value of a field of kind "model" */
export function modelName(value) {
  return value !== undefined && isObject(value) ? String(value.name ?? '') : '';
}

/**
 * The paths of a field in a recipe: one, or one for each item of its list.
 *
 * @param {Field} field
 * @param {Recipe} recipe
 * @returns {string[]}
 */
export function pathsOf(field, recipe) {
  const [list, rest] = field.path.split('.*.');
  if (rest === undefined) return [field.path];
  return itemsAt(recipe, list).map((_, index) => `${list}.${index}.${rest}`);
}

/**
 * @param {string} path
 * @returns {string} the path that a description has for it, with `*` for each item
 */
export function patternOf(path) {
  return path.replace(/\.\d+(?=\.|$)/g, '.*');
}

/**
 * Whether a field has no effect, such as the factor of an upscaler that is off.
 *
 * @param {Field} field
 * @param {Recipe} recipe
 * @param {string} path of the field in the recipe
 */
export function isHidden(field, recipe, path) {
  const [index] = path.match(/(?<=\.)\d+(?=\.)/) ?? [];
  return field.hidden_when.some(({ path: trigger, values }) => {
    const value = valueAt(recipe, index === undefined ? trigger : trigger.replace('*', index));
    return value !== undefined && values.some((each) => each === value);
  });
}
