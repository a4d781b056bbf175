/**
 * What differs between the preset that is edited and the one that was saved.
 *
 * @import { Description, Field, Json, List, Preset, Recipe, Slot } from './types.js'
 * @typedef {object} Change
 * @property {Slot | null} slot null for the theme itself
 * @property {string} path in the edited recipe; of a removed item, in the saved one
 * @property {'changed' | 'added' | 'removed'} kind
 * @property {string} place in words
 * @property {Json} before
 * @property {Json} after
 */
import { t } from '../lib/i18n.js';
import { isHidden, isSame, itemsAt, modelName, pathsOf, valueAt } from './document.js';
import { SLOTS } from './types.js';

const MAX_CHARS = 60;

/**
 * For each item of a list the saved one that it was: of the same model, else at the same place.
 *
 * @param {readonly Recipe[]} items
 * @param {readonly Recipe[]} saved
 * @returns {(number | null)[]} null for a new item
 */
export function matchItems(items, saved) {
  const free = new Set(saved.keys());
  /** @param {number | undefined} index */
  const take = (index) => {
    if (index === undefined || !free.delete(index)) return null;
    return index;
  };
  const byModel = items.map(({ model }) =>
    take([...free].find((index) => modelName(saved[index].model) === modelName(model))),
  );
  return byModel.map((found, index) => found ?? take(index));
}

/**
 * The saved value of a field.
 *
 * @param {Recipe} recipe
 * @param {Recipe} saved
 * @param {string} path in `recipe`
 * @returns {Json | undefined} undefined in a new item of a list
 */
export function savedValue(recipe, saved, path) {
  const [, list, index, rest] = path.match(/^(\w+)\.(\d+)\.(.+)$/) ?? [];
  if (list === undefined) return valueAt(saved, path);
  const was = matchItems(itemsAt(recipe, list), itemsAt(saved, list))[Number(index)];
  return was === null || was === undefined ? undefined : valueAt(saved, `${list}.${was}.${rest}`);
}

/**
 * @param {Description} description
 * @param {Preset} saved
 * @param {Preset} edited
 * @returns {Change[]} those of the theme first, then recipe by recipe
 */
export function listChanges(description, saved, edited) {
  /** @type {Change[]} */
  const changes = [];
  for (const [path, place] of /** @type {const} */ ([
    ['name', t('theme.name')],
    ['theme_prompt', t('theme.prompt')],
  ])) {
    const [before, after] = [saved[path], edited[path]];
    if (before !== after) changes.push({ slot: null, path, kind: 'changed', place, before, after });
  }
  for (const slot of SLOTS) {
    changes.push(...recipeChanges(description, slot, saved.recipes[slot], edited.recipes[slot]));
  }
  return changes;
}

/**
 * @param {Description} description
 * @param {Slot} slot
 * @param {Recipe} saved
 * @param {Recipe} edited
 * @returns {Change[]}
 */
function recipeChanges(description, slot, saved, edited) {
  /** @type {Change[]} */
  const changes = [];
  for (const field of description.fields) {
    for (const path of pathsOf(field, edited)) {
      const [before, after] = [savedValue(edited, saved, path), valueAt(edited, path)];
      if (before === undefined || after === undefined || isSame(before, after)) continue;
      if (isHidden(field, edited, path) && isHidden(field, saved, path)) continue;
      const place = within(slot, placeOf(description, field, edited, path));
      changes.push({ slot, path, kind: 'changed', place, before, after });
    }
  }
  for (const list of description.lists) changes.push(...itemChanges(list, slot, saved, edited));
  return changes;
}

/**
 * @param {List} list
 * @param {Slot} slot
 * @param {Recipe} saved
 * @param {Recipe} edited
 * @returns {Change[]}
 */
function itemChanges({ path: list, label }, slot, saved, edited) {
  const [items, before] = [itemsAt(edited, list), itemsAt(saved, list)];
  const matched = matchItems(items, before);
  const place = within(slot, label);
  const added = items.flatMap(({ model }, index) =>
    matched[index] === null ? [{ path: `${list}.${index}`, model }] : [],
  );
  const removed = before.flatMap(({ model }, index) =>
    matched.includes(index) ? [] : [{ path: `${list}.${index}`, model }],
  );
  return [
    ...added.map(({ path, model }) => ({
      slot,
      path,
      kind: /** @type {const} */ ('added'),
      place,
      before: null,
      after: model,
    })),
    ...removed.map(({ path, model }) => ({
      slot,
      path,
      kind: /** @type {const} */ ('removed'),
      place,
      before: model,
      after: null,
    })),
  ];
}

/**
 * The place of a field in words, such as "Control unit pocket-pose, Weight".
 *
 * @param {Description} description
 * @param {Field} field
 * @param {Recipe} recipe
 * @param {string} path
 */
export function placeOf({ sections, lists }, field, recipe, path) {
  const [list, index] = path.split('.');
  const of = lists.find((each) => each.path === list);
  if (of) {
    const name = modelName(valueAt(recipe, `${list}.${index}.model`));
    return within(t('recipe.named', { kind: of.label, name }), field.label);
  }
  const section = sections.find(({ id }) => id === field.section);
  const isOfPass = section !== undefined && path.startsWith(`${section.id}.`);
  return isOfPass && section.label !== field.label
    ? within(section.label, field.label)
    : field.label;
}

/**
 * @param {string} outer
 * @param {string} inner
 */
function within(outer, inner) {
  return t('recipe.within', { outer, inner });
}

/**
 * A value as text.
 *
 * @param {Json | undefined} value
 * @param {Field} [field] whose choices have labels
 */
export function valueText(value, field) {
  if (value === null || value === undefined || value === '') return t('recipe.none');
  if (typeof value === 'boolean') return t(value ? 'recipe.on' : 'recipe.off');
  if (typeof value === 'object') return modelName(value) || t('recipe.none');
  const label = field?.choices.find((choice) => choice.value === value)?.label;
  const text = label ?? (field?.kind === 'image' ? String(value).slice(0, 10) : String(value));
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS - 3)}…` : text;
}

/**
 * A change in one line: "A, Sampling steps: 14 → 31".
 *
 * @param {Change} change
 * @param {Field} [field]
 */
export function changeText({ place, before, after }, field) {
  return t('recipe.change', {
    place,
    before: valueText(before, field),
    after: valueText(after, field),
  });
}
