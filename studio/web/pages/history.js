/**
 * The history: variants page by page as one scrolls, the newest first.
 *
 * @typedef {{ themes: { slug: string, name: string }[], models: string[] }} FilterOptions
 */
import { VariantDialog } from '../components/variant-dialog.js';
import { VariantList } from '../components/variant-list.js';
import { field, find, formQuery, onSubmit, untranslatedOption } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';

const VARIANTS = `${API}/variants`;

class HistoryPage {
  #form = find(document, '#filter', HTMLFormElement);
  #delete = find(document, '#delete', HTMLButtonElement);
  #dialog = new VariantDialog();
  #list = new VariantList(
    () => this.#showSelection(),
    (variant) => this.#dialog.open(variant),
  );

  async start() {
    this.#form.addEventListener('input', () => this.#reset());
    onSubmit(this.#form, () => {});
    this.#delete.addEventListener('click', () => this.#deleteSelected());
    const options = /** @type {FilterOptions} */ (await getJson(`${VARIANTS}/filter-options`));
    const themes = options.themes.map(({ slug, name }) => untranslatedOption(slug, name));
    const models = options.models.map((name) => untranslatedOption(name, name));
    field(this.#form, 'theme', HTMLSelectElement).append(...themes);
    field(this.#form, 'model', HTMLSelectElement).append(...models);
    this.#fill(new URLSearchParams(location.search));
    this.#reset();
  }

  /** @param {URLSearchParams} query what the page's address asks for */
  #fill(query) {
    for (const [name, value] of query) {
      const input = this.#form.elements.namedItem(name);
      if (input instanceof HTMLInputElement || input instanceof HTMLSelectElement) {
        input.value = value;
      }
    }
  }

  #reset() {
    const query = formQuery(this.#form);
    find(document, '#export', HTMLAnchorElement).href = `${VARIANTS}/export.zip?${query}`;
    this.#list.reset(query);
  }

  #showSelection() {
    const count = this.#list.selectedIds.length;
    this.#delete.disabled = count === 0;
    this.#delete.textContent = count
      ? t('page.history.delete_count', { count })
      : t('page.history.delete_selected');
  }

  async #deleteSelected() {
    const ids = this.#list.selectedIds;
    if (!confirm(t('page.history.delete_confirmed', { count: ids.length }))) return;
    await withErrorDisplay(async () => {
      await postJson(`${VARIANTS}/delete`, { ids });
      this.#reset();
    });
  }
}

await new HistoryPage().start();
