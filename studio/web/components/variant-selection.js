/**
 * The variants of the history that are ticked, and what is done with all of them.
 *
 * @import { Variant } from './variant-facts.js'
 */
import { closest, element, find, findAll, part } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { API, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { roveFocus } from '../lib/roving-focus.js';
import { confirmAction, paragraph } from './dialogs.js';
import { relabel, setLabel } from './variant-dialog.js';
import { MOST_COMPARED } from './variant-lightbox.js';

/**
 * @typedef {object} SelectionActions
 * @property {(variants: Variant[]) => void} compare
 * @property {(variant: Variant) => void} onLabel is called when a variant's labels have changed
 * @property {(kind: 'tag' | 'collection', name: string) => void} onName is called with each name that is given
 * @property {() => void} onDelete
 */

export class VariantSelection {
  #bar = part('#selection');
  #resetFocus = roveFocus(this.#bar, 'button');
  #list;
  #variants;
  #actions;

  /**
   * @param {HTMLElement} list with a checkbox for each variant, its id as the value
   * @param {ReadonlyMap<number, Variant>} variants what is listed, by id
   * @param {SelectionActions} actions
   */
  constructor(list, variants, actions) {
    this.#list = list;
    this.#variants = variants;
    this.#actions = actions;
    list.addEventListener('change', () => this.show());
    this.#bar.addEventListener('click', (event) => this.#act(event));
  }

  /** @returns {Variant[]} */
  get #selected() {
    const boxes = findAll(this.#list, ':checked', HTMLInputElement);
    return boxes.flatMap((box) => this.#variants.get(Number(box.value)) ?? []);
  }

  /** Shows how many are ticked, and what can be done with so many. */
  show() {
    const count = this.#selected.length;
    this.#bar.hidden = count === 0;
    part('#selected-count').textContent = t('page.history.selected', { count });
    find(this.#bar, '[data-action=compare]', HTMLButtonElement).disabled =
      count < 2 || count > MOST_COMPARED;
    find(this.#bar, '[data-action=delete]', HTMLElement).textContent = t(
      'page.history.delete_count',
      { count },
    );
    this.#resetFocus(); // Compare may be the first or not be pressed.
  }

  /** @param {Event} event */
  async #act(event) {
    const action = closest(event, '[data-action]')?.dataset.action;
    const variants = this.#selected;
    if (action === 'compare') this.#actions.compare(variants);
    if (action === 'clear') this.#clear();
    if (action === 'delete') await this.#delete(variants);
    if (action === 'tag' || action === 'collection') await this.#addLabel(variants, action);
    if (action === 'star') {
      const isSet = !variants.every((variant) => variant.starred);
      await withErrorDisplay(() => this.#label(variants, 'star', '', isSet));
    }
  }

  #clear() {
    for (const box of findAll(this.#list, ':checked', HTMLInputElement)) box.checked = false;
    this.show();
  }

  /** @param {Variant[]} variants */
  async #delete(variants) {
    const ids = variants.map((variant) => variant.id);
    await confirmAction({
      title: t('page.history.delete_confirmed', { count: ids.length }),
      content: [paragraph(t('page.history.delete_is_final'))],
      label: t('page.history.delete_count', { count: ids.length }),
      danger: true,
      action: async () => {
        await postJson(`${API}/variants/delete`, { ids });
        this.#actions.onDelete();
      },
    });
  }

  /**
   * @param {Variant[]} variants
   * @param {'tag' | 'collection'} kind
   */
  async #addLabel(variants, kind) {
    const isTag = kind === 'tag';
    const input = element('input', { name: 'name', required: true, maxLength: 80 });
    input.setAttribute('list', isTag ? 'tag-names' : 'collection-names');
    const name = isTag ? t('page.history.tag') : t('page.history.collection');
    await confirmAction({
      title: isTag ? t('page.history.add_tag') : t('page.history.add_to_collection'),
      content: [element('label', {}, name, ' ', input)],
      label: t('page.history.add'),
      action: () => this.#label(variants, kind, input.value.trim(), true),
      canConfirm: () => input.value.trim() !== '',
    });
  }

  /**
   * @param {Variant[]} variants
   * @param {'star' | 'tag' | 'collection'} kind
   * @param {string} name
   * @param {boolean} isSet
   */
  async #label(variants, kind, name, isSet) {
    const ids = variants.map((variant) => variant.id);
    await setLabel(ids, kind, name, isSet);
    for (const variant of variants) {
      relabel(variant, kind, name, isSet);
      this.#actions.onLabel(variant);
    }
    if (kind !== 'star') this.#actions.onName(kind, name);
    this.#clear();
  }
}
