/**
 * A dialog that shows one variant after another of a list, with all that made it, its doodle and its labels.
 *
 * @import { Variant } from './variant-facts.js'
 * @typedef {object} VariantSource the list that the dialog goes through
 * @property {() => readonly Variant[]} all the variants so far
 * @property {() => boolean} hasMore whether there are more to load
 * @property {() => Promise<void>} loadMore
 * @property {(variant: Variant) => void} zoom opens the lightbox on a variant and those of its run
 * @property {(slug: string) => string} themeName
 * @property {(variant: Variant) => void} onChange is called when labels of a variant have changed
 * @typedef {'star' | 'tag' | 'collection'} LabelKind
 */
import { element, find, findAll, onSubmit, untranslated } from '../lib/dom.js';
import { errorText } from '../lib/errors.js';
import { API, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { variantFacts } from './variant-facts.js';

/**
 * Sets a label on variants, or takes it from them.
 *
 * @param {number[]} ids
 * @param {LabelKind} kind
 * @param {string} name empty for a star
 * @param {boolean} isSet
 */
export async function setLabel(ids, kind, name, isSet) {
  const body = { ids, kind, name };
  if (isSet) await postJson(`${API}/variants/labels`, body, { method: 'PUT' });
  else await postJson(`${API}/variants/labels/remove`, body);
}

export class VariantDialog {
  #dialog = find(document, '#detail', HTMLDialogElement);
  #stage = find(this.#dialog, '.stage', HTMLElement);
  #image = find(this.#stage, 'img', HTMLImageElement);
  #doodle = find(this.#dialog, '.doodle', HTMLElement);
  #error = find(this.#dialog, '.dialog-error', HTMLElement);
  #star = this.#button('star');
  /** @type {Variant | null} */
  #variant = null;
  #source;

  /** @param {VariantSource} source */
  constructor(source) {
    this.#source = source;
    this.#button('close').addEventListener('click', () => this.#dialog.close());
    this.#button('previous').addEventListener('click', () => this.#step(-1));
    this.#button('next').addEventListener('click', () => this.#step(1));
    this.#star.addEventListener('click', () => this.#toggleStar());
    this.#button('zoom').addEventListener('click', () => this.#zoom());
    this.#image.addEventListener('click', () => this.#zoom());
    this.#dialog.addEventListener('keydown', (event) => this.#onKey(event));
    for (const root of findAll(this.#dialog, '.labels', HTMLElement)) {
      const form = find(root, 'form', HTMLFormElement);
      const input = find(form, 'input', HTMLInputElement);
      const kind = /** @type {'tag' | 'collection'} */ (root.dataset.kind);
      onSubmit(form, async () => {
        await this.#change(kind, input.value.trim(), true);
        input.value = '';
      });
    }
  }

  /** @param {Variant} variant */
  open(variant) {
    this.#show(variant);
    this.#dialog.showModal();
    this.#stage.focus();
  }

  /** @param {string} action */
  #button(action) {
    return find(this.#dialog, `[data-action=${action}]`, HTMLButtonElement);
  }

  /** @param {Variant} variant */
  #show(variant) {
    const { id, slot, theme, prompt, request_id, image, doodle, recipe } = variant;
    this.#variant = variant;
    this.#error.textContent = '';
    this.#image.src = image;
    this.#image.alt = prompt;
    const name = recipe.name ? `${slot} · ${recipe.name}` : slot;
    const heading = t('page.history.recipe_of', {
      preset: this.#source.themeName(theme),
      slot: name,
    });
    find(this.#dialog, 'h2', HTMLElement).textContent = heading;
    this.#doodle.hidden = doodle === null;
    if (doodle !== null) find(this.#doodle, 'img', HTMLImageElement).src = `${doodle}?size=384`;
    const facts = variantFacts(variant).flatMap(([term, value]) => [
      element('dt', {}, term),
      element('dd', {}, value),
    ]);
    find(this.#dialog, 'dl', HTMLElement).replaceChildren(...facts);
    /** @type {Record<string, string>} */
    const urls = {
      ...{ continue: `/?continue=${request_id}`, restore: `/?variant=${id}` },
      ...{ run: `/?run=${request_id}`, image },
    };
    for (const link of findAll(this.#dialog, '[data-link]', HTMLAnchorElement)) {
      link.href = urls[link.dataset.link ?? ''];
    }
    find(this.#stage, '.picked', HTMLElement).hidden = !variant.selected;
    const all = this.#source.all();
    const index = all.findIndex((each) => each.id === id);
    this.#button('previous').disabled = index <= 0;
    this.#button('next').disabled = index === all.length - 1 && !this.#source.hasMore();
    this.#showLabels(variant);
  }

  /** @param {Variant} variant */
  #showLabels({ starred, tags, collections }) {
    this.#star.setAttribute('aria-pressed', String(starred));
    for (const root of findAll(this.#dialog, '.labels', HTMLElement)) {
      const kind = /** @type {'tag' | 'collection'} */ (root.dataset.kind);
      const names = kind === 'tag' ? tags : collections;
      const items = names.map((name) => {
        const remove = element('button', {
          type: 'button',
          ariaLabel: t('page.history.remove_label', { name }),
        });
        remove.textContent = '×';
        remove.addEventListener('click', () => this.#change(kind, name, false));
        return element('li', { className: 'chip' }, untranslated(name), remove);
      });
      find(root, 'ul', HTMLElement).replaceChildren(...items);
    }
  }

  /** @param {1 | -1} by */
  async #step(by) {
    const all = this.#source.all();
    const index = all.findIndex((each) => each.id === this.#variant?.id) + by;
    if (index >= all.length) await this.#source.loadMore();
    const variant = this.#source.all()[index];
    if (variant) this.#show(variant);
  }

  #toggleStar() {
    if (this.#variant) this.#change('star', '', !this.#variant.starred);
  }

  /**
   * @param {LabelKind} kind
   * @param {string} name
   * @param {boolean} isSet
   */
  async #change(kind, name, isSet) {
    const variant = this.#variant;
    if (!variant) return;
    this.#error.textContent = '';
    try {
      await setLabel([variant.id], kind, name, isSet);
    } catch (error) {
      this.#error.textContent = errorText(error);
      return;
    }
    relabel(variant, kind, name, isSet);
    this.#source.onChange(variant);
    if (this.#variant === variant) this.#showLabels(variant);
  }

  #zoom() {
    if (this.#variant) this.#source.zoom(this.#variant);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof HTMLInputElement) return;
    /** @type {Record<string, () => unknown>} */
    const keys = {
      s: () => this.#toggleStar(),
      z: () => this.#zoom(),
      ArrowLeft: () => this.#step(-1),
      ArrowRight: () => this.#step(1),
    };
    const act = keys[event.key] ?? keys[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }
}

/**
 * Changes a variant as the server has changed it.
 *
 * @param {Variant} variant
 * @param {LabelKind} kind
 * @param {string} name
 * @param {boolean} isSet
 */
export function relabel(variant, kind, name, isSet) {
  if (kind === 'star') {
    variant.starred = isSet;
    return;
  }
  const field = kind === 'tag' ? 'tags' : 'collections';
  const others = variant[field].filter((each) => each !== name);
  variant[field] = isSet ? [...others, name].sort() : others;
}
