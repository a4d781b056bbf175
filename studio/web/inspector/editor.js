/**
 * The preset while it is edited. Fires `edit` after each change by hand and `show` after all else that changes what
 * is to be shown.
 *
 * @import { Change } from './changes.js'
 * @import { Check, Description, Field, Json, Model, ModelType, Preset, Recipe, Saved, Slot } from './types.js'
 */
import { listChanges, savedValue } from './changes.js';
import { presetErrors } from './checks.js';
import { itemsAt, patternOf, valueAt, withValue } from './document.js';
import { SLOTS } from './types.js';

export class Editor extends EventTarget {
  description;
  /** @type {Preset} */
  preset;
  /** @type {Saved} */
  saved;
  /** @type {Check | null} the server's last check of what is edited */
  check = null;
  /** @type {readonly Model[]} */
  models = [];
  /** @type {{ from: Slot, to: Slot, before: Preset } | null} the last copy, while nothing was edited since */
  copied = null;
  /** @type {Map<string, Field>} */
  #fields;

  /**
   * @param {Description} description
   * @param {Preset} preset
   * @param {Saved} saved
   */
  constructor(description, preset, saved) {
    super();
    this.description = description;
    this.preset = preset;
    this.saved = saved;
    this.#fields = new Map(description.fields.map((field) => [field.path, field]));
  }

  /**
   * Shows another preset, such as that of another theme.
   *
   * @param {Preset} preset
   * @param {Saved} saved
   */
  show(preset, saved) {
    this.preset = preset;
    this.saved = saved;
    this.check = null;
    this.copied = null;
    this.#fire('show');
  }

  /** @param {Saved} saved a version that was saved meanwhile */
  showSaved(saved) {
    this.saved = saved;
    this.#fire('show');
  }

  /** @param {Check | null} check */
  showCheck(check) {
    this.check = check;
    this.#fire('show');
  }

  /** @param {readonly Model[]} models */
  showModels(models) {
    this.models = models;
    this.#fire('show');
  }

  /** @param {string} name typed in the page's top bar */
  showName(name) {
    if (name === this.preset.name) return false;
    this.preset = { ...this.preset, name };
    this.#fire('show');
    return true;
  }

  /** @param {ModelType} kind */
  modelsOf(kind) {
    return this.models.filter((model) => model.kind === kind);
  }

  /**
   * @param {string} path of a value in a recipe
   * @returns {Field | undefined}
   */
  field(path) {
    return this.#fields.get(patternOf(path));
  }

  /**
   * @param {Slot} slot
   * @param {string} path
   */
  value(slot, path) {
    return valueAt(this.preset.recipes[slot], path);
  }

  /**
   * @param {Slot} slot
   * @param {string} path
   */
  savedValue(slot, path) {
    return savedValue(this.preset.recipes[slot], this.saved.preset.recipes[slot], path);
  }

  /**
   * @param {readonly Slot[]} slots
   * @param {string} path; recipes without such an item of a list stay as they are
   * @param {Json} value
   */
  set(slots, path, value) {
    const recipes = { ...this.preset.recipes };
    for (const slot of slots) {
      if (valueAt(recipes[slot], path) !== undefined) {
        recipes[slot] = withValue(recipes[slot], path, value);
      }
    }
    this.#edit({ ...this.preset, recipes });
  }

  /** @param {string} prompt */
  setThemePrompt(prompt) {
    this.#edit({ ...this.preset, theme_prompt: prompt });
  }

  /**
   * @param {Slot} slot
   * @param {string} list
   * @param {Recipe} item
   */
  addItem(slot, list, item) {
    const recipe = this.preset.recipes[slot];
    this.#replace(slot, withValue(recipe, `${list}.${itemsAt(recipe, list).length}`, item));
  }

  /**
   * @param {Slot} slot
   * @param {string} list
   * @param {number} index
   */
  removeItem(slot, list, index) {
    const recipe = this.preset.recipes[slot];
    const items = itemsAt(recipe, list).filter((_, each) => each !== index);
    this.#replace(slot, withValue(recipe, list, items));
  }

  /**
   * Copies a recipe to another slot, which keeps its name.
   *
   * @param {Slot} from
   * @param {Slot} to
   */
  copy(from, to) {
    const before = this.preset;
    const recipe = { ...before.recipes[from], name: before.recipes[to].name };
    const recipes = { ...before.recipes, [to]: recipe };
    this.#edit({ ...before, recipes }, { from, to, before });
  }

  /** Undoes the last copy, unless something was edited since. */
  undo() {
    if (this.copied !== null) this.#edit(this.copied.before);
  }

  /** @param {Slot} slot whose recipe becomes the saved one */
  revert(slot) {
    this.#replace(slot, this.saved.preset.recipes[slot]);
  }

  /** @param {Change} change that is taken back */
  revertChange({ slot, path, kind }) {
    if (slot === null) {
      this.setThemePrompt(this.saved.preset.theme_prompt);
      return;
    }
    const [list, index] = path.split('.');
    if (kind === 'added') {
      this.removeItem(slot, list, Number(index));
    } else if (kind === 'removed') {
      const items = [...itemsAt(this.preset.recipes[slot], list)];
      items.splice(Number(index), 0, itemsAt(this.saved.preset.recipes[slot], list)[Number(index)]);
      this.#replace(slot, withValue(this.preset.recipes[slot], list, items));
    } else {
      this.set([slot], path, this.savedValue(slot, path) ?? null);
    }
  }

  /** @returns {Change[]} */
  changes() {
    return listChanges(this.description, this.saved.preset, this.preset);
  }

  /**
   * Invalid fields: the ranges by the browser, all else by the server's last check.
   *
   * @returns {Map<string, string>} reasons by path, such as "recipes.A.width"
   */
  errors() {
    const errors = presetErrors(this.description, this.preset);
    for (const [path, reason] of Object.entries(this.check?.errors ?? {})) {
      const isRange = SLOTS.some((slot) => {
        const prefix = `recipes.${slot}.`;
        return path.startsWith(prefix) && this.#hasRange(path.slice(prefix.length));
      });
      // A range that was exceeded at the last check may hold by now.
      if (!isRange && !errors.has(path)) errors.set(path, reason);
    }
    return errors;
  }

  /** @param {string} path */
  #hasRange(path) {
    const kind = this.field(path)?.kind;
    return kind === 'number' || kind === 'integer';
  }

  /**
   * @param {Slot} slot
   * @param {Recipe} recipe
   */
  #replace(slot, recipe) {
    this.#edit({ ...this.preset, recipes: { ...this.preset.recipes, [slot]: recipe } });
  }

  /**
   * @param {Preset} preset
   * @param {Editor['copied']} copied
   */
  #edit(preset, copied = null) {
    this.preset = preset;
    this.copied = copied;
    this.#fire('edit');
  }

  /** @param {'edit' | 'show'} name */
  #fire(name) {
    this.dispatchEvent(new Event(name));
  }
}
