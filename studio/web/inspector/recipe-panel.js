/**
 * The panel of one recipe: sections of fields, with lists of LoRAs, control units and references.
 *
 * @import { Editor } from './editor.js'
 * @import { Row } from './field-row.js'
 * @import { Field, List, Section, Slot } from './types.js'
 * @typedef {{ unit: string, png: string | null, reason: string }} ControlMap
 * @typedef {object} Actions
 * @property {(slot: Slot) => void} previewMaps
 * @property {() => HTMLElement} maskControl
 */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { costText } from './checks.js';
import { itemsAt, modelName, valueAt } from './document.js';
import { fieldRow } from './field-row.js';
import { takeDroppedReferences } from './reference-drop.js';
import { themePromptRow } from './theme-prompt.js';
import { SLOTS } from './types.js';

/** Sections that are closed at first: few recipes change them. */
const CLOSED = new Set(['output', 'upscale', 'face_repair']);

export class RecipePanel {
  root = element('div', { className: 'recipe' });
  #editor;
  #slot;
  #actions;
  #open;
  /** @type {Row[]} */
  #rows = [];
  /** @type {(() => void)[]} what is updated besides the rows */
  #updates = [];
  #structure = '';
  /** @type {HTMLElement | null} one for all times that the panel is built */
  #maskControl = null;
  #problem = element('p', { className: 'field-error', role: 'alert' });

  /**
   * @param {Editor} editor
   * @param {Slot} slot
   * @param {Actions} actions
   * @param {Map<string, boolean>} open whether a section is open; kept from panel to panel
   */
  constructor(editor, slot, actions, open) {
    this.#editor = editor;
    this.#slot = slot;
    this.#actions = actions;
    this.#open = open;
    takeDroppedReferences(this.root, editor, slot, this.#problem, (index) => {
      this.#focus(`[id="${slot}-references-${index}-purpose-input"]`);
    });
  }

  /** @param {ReadonlyMap<string, string>} errors */
  update(errors) {
    const structure = this.#lists.map(({ path }) => this.#items(path).length).join();
    if (structure !== this.#structure) {
      this.#structure = structure;
      this.#build();
    }
    for (const row of this.#rows) row.update(errors);
    for (const update of this.#updates) update();
  }

  /** @param {readonly ControlMap[]} maps */
  showMaps(maps) {
    const figures = maps.map(({ unit, png, reason }) => {
      const caption = element('figcaption', { translate: false }, unit);
      const alt = t('studio.control_map_of_unit', { unit });
      const shown = png ? element('img', { src: png, alt }) : element('p', {}, reason);
      return element('figure', {}, shown, caption);
    });
    const place = this.root.querySelector('.control-maps');
    if (figures.length) place?.replaceChildren(...figures);
    else place?.replaceChildren(element('p', {}, t('studio.no_control_units')));
  }

  get #lists() {
    return this.#editor.description.lists;
  }

  /** @param {string} list */
  #items(list) {
    return itemsAt(this.#editor.preset.recipes[this.#slot], list);
  }

  #build() {
    this.#rows = [];
    this.#updates = [];
    const { sections } = this.#editor.description;
    this.root.replaceChildren(...sections.map((each) => this.#section(each)), this.#footer());
  }

  /** @param {Section} section */
  #section(section) {
    const { id, label } = section;
    const cost = element('span', { className: 'cost' });
    const summary = element('summary', {}, element('span', {}, label), cost);
    const box = element('details', { open: this.#open.get(id) ?? !CLOSED.has(id) }, summary);
    box.dataset.section = id;
    box.addEventListener('toggle', () => this.#open.set(id, box.open));
    const fields = this.#editor.description.fields.filter((field) => field.section === id);
    box.append(...this.#plain(fields));
    if (id === 'prompt') box.append(...this.#prompt());
    for (const list of this.#lists.filter((each) => each.section === id)) {
      box.append(this.#list(list, fields));
    }
    if (id === 'structure') box.append(...this.#maps());
    if (id === 'mask') box.append(this.#mask());
    this.#updates.push(() => {
      const recipe = this.#editor.preset.recipes[this.#slot];
      const seconds = this.#editor.check?.seconds_per_step ?? {};
      cost.textContent = costText(section, recipe, seconds) || this.#brief(id);
    });
    return box;
  }

  /** @param {string} section whose values are told beside its title while it is closed */
  #brief(section) {
    const recipe = this.#editor.preset.recipes[this.#slot];
    if (section === 'output') return `${recipe.width} × ${recipe.height}`;
    return CLOSED.has(section) ? t('recipe.off') : '';
  }

  /** @param {readonly Field[]} fields */
  #plain(fields) {
    return fields
      .filter(({ path }) => !path.includes('*'))
      .map((field) => this.#row(field, field.path));
  }

  /**
   * @param {Field} field
   * @param {string} path
   */
  #row(field, path) {
    const row = fieldRow(this.#editor, field, this.#slot, path);
    this.#rows.push(row);
    return row.root;
  }

  /**
   * @param {List} list
   * @param {readonly Field[]} fields of its section
   */
  #list(list, fields) {
    const items = this.#items(list.path).map((_, index) => {
      const remove = element('button', { type: 'button', className: 'remove' }, '×');
      this.#updates.push(() => {
        const name = modelName(this.#items(list.path)[index]?.model);
        remove.title = t('studio.inspector_remove', { name: `${list.label} ${name}` });
        remove.setAttribute('aria-label', remove.title);
      });
      remove.addEventListener('click', () => {
        this.#editor.removeItem(this.#slot, list.path, index);
        this.#focus(`.list[data-path="${list.path}"] .add`);
      });
      const rows = fields
        .filter(({ path }) => path.startsWith(`${list.path}.*.`))
        .map((field) => this.#row(field, field.path.replace('*', String(index))));
      const box = element('div', { className: 'item', role: 'group' }, remove, ...rows);
      box.setAttribute('aria-label', `${list.label} ${index + 1}`);
      return box;
    });
    const add = element('button', { type: 'button', className: 'add' }, `+ ${list.add}`);
    add.addEventListener('click', () => this.#add(list, fields));
    add.disabled = items.length >= list.maximum;
    const box = element('div', { className: 'list' }, ...items, add);
    if (list.path === 'references') box.append(this.#problem);
    box.dataset.path = list.path;
    return box;
  }

  /**
   * Adds an item with the first model of its kind, and has another one chosen.
   *
   * @param {List} list
   * @param {readonly Field[]} fields
   */
  #add({ path, item }, fields) {
    const field = fields.find((each) => each.path === `${path}.*.model`);
    const [model] = this.#editor.modelsOf(field?.model ?? 'lora');
    const index = this.#items(path).length;
    const name = model?.name ?? t('recipe.none');
    this.#editor.addItem(this.#slot, path, { model: { name, sha256: null }, ...item });
    this.#focus(`[id="${this.#slot}-${path}-${index}-model-input"]`);
  }

  /** @param {string} selector */
  #focus(selector) {
    const found = this.root.querySelector(selector);
    if (found instanceof HTMLElement) found.focus();
  }

  #prompt() {
    const shared = themePromptRow(this.#editor);
    const tokens = element('p', { className: 'tokens' });
    this.#rows.push(shared);
    this.#updates.push(() => {
      const { check } = this.#editor;
      const count = check?.tokens[this.#slot] ?? null;
      tokens.textContent =
        check === null || count === null ? '' : tokenText(count, check.chunk_tokens);
      tokens.classList.toggle(
        'long',
        check !== null && count !== null && count > check.chunk_tokens,
      );
    });
    return [shared.root, tokens];
  }

  #maps() {
    const button = element('button', { type: 'button', className: 'quiet preview-maps' });
    button.append(t('studio.show_control_maps'));
    button.addEventListener('click', () => this.#actions.previewMaps(this.#slot));
    const maps = element('div', { className: 'control-maps', ariaLive: 'polite' });
    return [button, maps];
  }

  #mask() {
    this.#maskControl ??= this.#actions.maskControl();
    const control = this.#maskControl;
    this.#updates.push(() => {
      control.hidden = valueAt(this.#editor.preset.recipes[this.#slot], 'mask.area') === 'off';
    });
    return control;
  }

  #footer() {
    const slot = this.#slot;
    const copies = SLOTS.filter((other) => other !== slot).map((other) => {
      const button = element('button', { type: 'button' }, t('studio.copy_to', { slot: other }));
      button.addEventListener('click', () => this.#editor.copy(slot, other));
      return button;
    });
    const revert = element('button', { type: 'button' }, t('studio.reset_to_saved'));
    revert.addEventListener('click', () => this.#editor.revert(slot));
    this.#updates.push(() => {
      revert.disabled = !this.#editor.changes().some((change) => change.slot === slot);
    });
    return element('div', { className: 'actions' }, ...copies, revert);
  }
}

/**
 * @param {number} count
 * @param {number} chunk
 */
export function tokenText(count, chunk) {
  if (count <= chunk) return t('studio.inspector_tokens', { count, most: chunk });
  const parts = Math.ceil(count / chunk);
  return t('studio.inspector_tokens_long', { count, parts });
}
