/**
 * The element of the recipe inspector: tabs, what is unsaved, and the panels. It hands what is edited to Gradio, has it
 * checked by the server once nothing was edited for a moment, and stores it as a draft.
 *
 * @import { ControlMap } from './recipe-panel.js'
 * @import { Shown } from './mask-preview.js'
 * @import { Check, Description, Model, Preset, RequestInputs, Saved, Slot } from './types.js'
 * @typedef {{ preset: Preset, slot: Slot }} Value `slot` is the recipe whose control maps are asked for
 * @typedef {object} Props what Gradio keeps in step with Python; setting `value` tells it
 * @property {Value | null} value
 * @property {Saved | null} saved
 * @property {{ slot: Slot, maps: ControlMap[] } | null} control_maps
 * @typedef {object} Host what Gradio hands to a component's script
 * @property {HTMLElement} element
 * @property {Props} props
 * @property {(event: string) => void} trigger
 * @property {(prop: string, callback: () => void) => void} watch calls back when Python sets a prop
 */
import { element } from '../lib/dom.js';
import { errorText } from '../lib/errors.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { storeDraft } from '../studio/drafts.js';
import { englishOnly, presetSeconds } from './checks.js';
import { draftText } from './draft-text.js';
import { Editor } from './editor.js';
import { MaskPreview } from './mask-preview.js';
import { Matrix } from './matrix.js';
import { RecipePanel } from './recipe-panel.js';
import { StatusBar } from './status-bar.js';
import { buildTabs } from './tabs.js';
import { SLOTS } from './types.js';

/** Milliseconds after the last change, when the draft is stored and checked. */
const SETTLED_MS = 400;

export class RecipeInspector extends HTMLElement {
  /** @type {Host | null} */
  #host = null;
  /** @type {Editor | null} */
  #editor = null;
  /** @type {StatusBar | null} */
  #status = null;
  /** @type {ReturnType<typeof buildTabs> | null} */
  #tabs = null;
  /** @type {Map<string, RecipePanel | Matrix>} */
  #panels = new Map();
  #mask = new MaskPreview(() => this.#shownRecipe());
  #body = element('div', { className: 'inspector-body' });
  #copied = element('p', { className: 'copied', role: 'status' });
  /** @type {RequestInputs} */
  #inputs = { user_prompt: '', seed: null, base_image_id: null };
  /** What Python has of the preset and of the saved version, as JSON. */
  #shown = { preset: '', saved: '' };
  /** @type {ReturnType<typeof setTimeout> | undefined} while changes are not stored yet */
  #pending;

  /** @param {Host} host */
  async connect(host) {
    this.#host = host;
    this.append(
      element('p', { className: 'loading', role: 'status' }, t('studio.inspector_loading')),
    );
    try {
      const [description] = await Promise.all([this.#describe(), this.#valueIsThere(host)]);
      this.#build(description);
    } catch (error) {
      this.replaceChildren(element('p', { className: 'problem', role: 'alert' }, errorText(error)));
      return;
    }
    host.watch('value', () => this.#showValue());
    host.watch('saved', () => this.#showValue());
    host.watch('control_maps', () => this.#showMaps());
    addEventListener('pagehide', () => this.flush());
    document.addEventListener('flush-draft', () => this.flush());
    const models = /** @type {Model[]} */ (await getJson(`${API}/models`).catch(() => []));
    this.#editor?.showModels(models);
  }

  async #describe() {
    return /** @type {Description} */ (await getJson(`${API}/recipe-fields`));
  }

  /**
   * @param {Host} host
   * @returns {Promise<void>} once Python has given the first preset
   */
  #valueIsThere({ props, watch }) {
    return new Promise((resolve) => {
      const look = () => {
        if (props.value && props.saved) resolve();
      };
      watch('value', look);
      watch('saved', look);
      look();
    });
  }

  /** @param {Description} description */
  #build(description) {
    const { value, saved } = this.#props;
    if (!value || !saved) return;
    const editor = new Editor(description, plain(value.preset), plain(saved));
    this.#editor = editor;
    this.#status = new StatusBar(editor);
    this.#tabs = buildTabs(this.#body, (tab) => this.#open(tab));
    const open = new Map();
    const actions = {
      previewMaps: (/** @type {Slot} */ slot) => this.#previewMaps(slot),
      maskControl: () => this.#mask.control(),
    };
    this.#panels.set('All', new Matrix(editor));
    for (const slot of SLOTS) this.#panels.set(slot, new RecipePanel(editor, slot, actions, open));
    editor.addEventListener('edit', () => this.#edited());
    editor.addEventListener('show', () => this.#update());
    const head = element(
      'div',
      { className: 'inspector-head' },
      this.#tabs.root,
      this.#status.root,
      this.#copied,
    );
    this.replaceChildren(head, this.#body);
    this.#shown = { preset: JSON.stringify(value.preset), saved: JSON.stringify(saved) };
    this.#tabs.choose('A');
    this.#settle();
  }

  /** @returns {Props} */
  get #props() {
    return this.#host?.props ?? { value: null, saved: null, control_maps: null };
  }

  /** @param {string} tab */
  #open(tab) {
    const panel = this.#panels.get(tab);
    if (panel) this.#body.replaceChildren(panel.root);
    this.#update();
  }

  #update() {
    const [editor, tabs] = [this.#editor, this.#tabs];
    if (!editor || !tabs) return;
    const [errors, changes] = [editor.errors(), editor.changes()];
    this.#status?.update(changes, errors, this.#inputs.seed);
    this.#panels.get(tabs.chosen())?.update(errors);
    tabs.update(editor.preset, changes, errors);
    this.#mask.update();
    this.#showCopied(editor);
    const { slug, version } = editor.saved;
    const detail = { slug, version, count: changes.length, isValid: errors.size === 0 };
    this.dispatchEvent(new CustomEvent('unsaved-changes', { bubbles: true, detail }));
    const { description, preset, check } = editor;
    const seconds = presetSeconds(description, preset, check?.seconds_per_step ?? {});
    this.dispatchEvent(new CustomEvent('run-cost', { bubbles: true, detail: seconds }));
    const english = englishOnly(preset, editor.models);
    this.dispatchEvent(new CustomEvent('english-only', { bubbles: true, detail: english }));
  }

  /** @returns {Shown | null} the recipe whose tab is open, for its mask */
  #shownRecipe() {
    const slot = SLOTS.find((each) => each === this.#tabs?.chosen());
    const recipe = slot && this.#editor?.preset.recipes[slot];
    return slot && recipe ? { slot, recipe, baseImage: this.#inputs.base_image_id } : null;
  }

  /** @param {Editor} editor */
  #showCopied(editor) {
    if (!editor.copied) {
      this.#copied.replaceChildren();
      return;
    }
    const { from, to } = editor.copied;
    const undo = element('button', { type: 'button' }, t('studio.inspector_undo'));
    undo.addEventListener('click', () => editor.undo());
    this.#copied.replaceChildren(t('studio.inspector_copied', { from, to }), ' ', undo);
  }

  #edited() {
    this.#send();
    this.#update();
    this.#settle();
  }

  /** Hands the preset to Gradio, which sends it with the next event that takes it. */
  #send() {
    const [host, editor, tabs] = [this.#host, this.#editor, this.#tabs];
    if (!host || !editor || !tabs) return;
    this.#shown.preset = JSON.stringify(editor.preset);
    const slot = SLOTS.find((each) => each === tabs.chosen()) ?? 'A';
    host.props.value = { preset: editor.preset, slot };
  }

  #showValue() {
    const [editor, { value, saved }] = [this.#editor, this.#props];
    if (!editor || !value || !saved) return;
    const shown = { preset: JSON.stringify(value.preset), saved: JSON.stringify(saved) };
    const isSamePreset = shown.preset === this.#shown.preset;
    if (isSamePreset && shown.saved === this.#shown.saved) return;
    this.#shown = shown;
    if (isSamePreset) editor.showSaved(plain(saved));
    else editor.show(plain(value.preset), plain(saved));
    this.#settle();
  }

  /** @param {Slot} slot */
  #previewMaps(slot) {
    const [host, editor] = [this.#host, this.#editor];
    if (!host || !editor) return;
    host.props.value = { preset: editor.preset, slot };
    host.trigger('submit');
  }

  #showMaps() {
    const { control_maps: maps } = this.#props;
    const panel = maps ? this.#panels.get(maps.slot) : undefined;
    if (maps && panel instanceof RecipePanel) panel.showMaps(maps.maps);
  }

  /**
   * What the page has besides the preset, for drafts and checks.
   *
   * @param {string} name of the theme
   * @param {RequestInputs} inputs
   */
  noteRequest(name, inputs) {
    this.#inputs = inputs;
    this.#mask.update();
    if (!this.#editor?.showName(name)) this.#update();
    else this.#send();
    this.#settle();
  }

  #settle() {
    clearTimeout(this.#pending);
    this.#pending = setTimeout(() => this.#settled(), SETTLED_MS);
  }

  async #settled() {
    const editor = this.#editor;
    if (!editor) return;
    const timer = this.#pending;
    const body = { preset: editor.preset, user_prompt: this.#inputs.user_prompt };
    const answer = /** @type {Check | null} */ (
      await postJson(`${API}/preset-checks`, body).catch(() => null)
    );
    // Something was edited meanwhile: the next check is of that.
    if (timer !== this.#pending) return;
    if (answer) editor.showCheck(answer);
    this.flush();
  }

  /** Stores the draft now, unless a value is invalid. */
  flush() {
    const editor = this.#editor;
    if (!editor || this.#pending === undefined) return;
    clearTimeout(this.#pending);
    this.#pending = undefined;
    if (!this.#inputs.base_image_id || editor.errors().size || !editor.preset.name.trim()) return;
    storeDraft(draftText(editor, this.#inputs));
  }
}

/**
 * Gradio's values are proxies, which cannot be cloned.
 *
 * @template Value
 * @param {Value} value
 * @returns {Value}
 */
function plain(value) {
  return JSON.parse(JSON.stringify(value));
}

customElements.define('recipe-inspector', RecipeInspector);
