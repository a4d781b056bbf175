/**
 * The dialog of grids: first the editor, then the result.
 *
 * @import { CellActions } from './cell-dialog.js'
 * @import { GridSource } from './grid-editor.js'
 */
import { element } from '../lib/dom.js';
import { errorText } from '../lib/errors.js';
import { t } from '../lib/i18n.js';
import { GridEditor } from './grid-editor.js';
import { GridView } from './grid-view.js';

class GridSheet {
  #dialog = element('dialog', { className: 'grid-sheet' });
  #body = element('div', { className: 'grid-body' });
  #error = element('p', { className: 'grid-error', role: 'alert' });
  #again = element('button', { type: 'button', hidden: true }, t('page.grid.change'));
  #actions;

  /**
   * @param {CellActions} actions
   * @param {() => void} onClose
   */
  constructor(actions, onClose) {
    const { apply } = actions;
    /** @type {CellActions} */
    this.#actions = {
      apply:
        apply &&
        ((...cell) => {
          this.#dialog.close();
          apply(...cell);
        }),
    };
    const heading = element('h2', { id: 'grid-heading' }, t('page.tasks.grid'));
    const close = element('button', { type: 'button' }, t('page.close'));
    close.addEventListener('click', () => this.#dialog.close());
    const all = element('a', { href: '/tests' }, t('page.grid.all_tests'));
    const head = element('header', {}, heading, all, this.#again, close);
    this.#dialog.setAttribute('aria-labelledby', heading.id);
    this.#dialog.append(head, this.#error, this.#body);
    this.#dialog.addEventListener('close', (event) => {
      if (event.target !== this.#dialog) return;
      this.#dialog.remove();
      onClose();
    });
    document.body.append(this.#dialog);
    this.#dialog.showModal();
  }

  /** @param {GridSource} source */
  async edit(source) {
    const editor = new GridEditor();
    editor.addEventListener('grid-created', (event) => {
      if (event instanceof CustomEvent) this.view(event.detail);
      this.#again.hidden = false;
    });
    this.#again.onclick = () => {
      this.#again.hidden = true;
      this.#body.replaceChildren(editor);
    };
    this.#body.replaceChildren(editor);
    await this.#try(() => editor.open(source));
  }

  /** @param {number} id of a grid */
  async view(id) {
    const view = new GridView();
    view.actions = this.#actions;
    this.#body.replaceChildren(view);
    await this.#try(() => view.show(id));
  }

  /** @param {() => Promise<void>} action */
  async #try(action) {
    this.#error.textContent = '';
    try {
      await action();
    } catch (error) {
      this.#error.textContent = errorText(error);
    }
  }
}

/**
 * Opens the editor of a new grid.
 *
 * @param {GridSource} source
 * @param {CellActions} [actions]
 * @param {() => void} [onClose]
 */
export function editGrid(source, actions = {}, onClose = () => {}) {
  return new GridSheet(actions, onClose).edit(source);
}

/**
 * Opens a grid that was started.
 *
 * @param {number} id
 * @param {CellActions} [actions]
 * @param {() => void} [onClose]
 */
export function viewGrid(id, actions = {}, onClose = () => {}) {
  return new GridSheet(actions, onClose).view(id);
}
