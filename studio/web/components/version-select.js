/**
 * A theme and one of its versions, chosen by their names.
 *
 * @typedef {{ slug: string, name: string, latest: number }} Theme
 * @typedef {{ version: number, message: string }} Version
 */
import { element, untranslatedOption } from '../lib/dom.js';
import { showError } from '../lib/errors.js';
import { API, getJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';

const MAX_NOTE_CHARS = 48;

/** @param {Version} version */
export function versionName({ version, message }) {
  const name = t('page.version_heading', { number: version });
  const note =
    message.length > MAX_NOTE_CHARS ? `${message.slice(0, MAX_NOTE_CHARS - 1)}…` : message;
  return note ? `${name} · ${note}` : name;
}

/** Two selects; `change` events of theirs tell of changes, that of the version once it is filled. */
export class VersionSelect {
  theme = element('select', { name: 'slug', required: true });
  version = element('select', { name: 'version', required: true });

  /**
   * @param {readonly Theme[]} themes
   * @param {object} [options]
   * @param {boolean} [options.isOptional] whether it may be empty, and is so at first
   * @param {(error: unknown) => void} [options.onError] is called where the versions of a theme that was
   *   chosen cannot be listed; by default the page shows why
   */
  constructor(themes, { isOptional = false, onError = showError } = {}) {
    const options = themes.map(({ slug, name }) => untranslatedOption(slug, name));
    if (isOptional) options.unshift(element('option', { value: '' }, t('page.blind_tests.choose')));
    this.theme.append(...options);
    this.theme.addEventListener('change', () => this.#listVersions().catch(onError));
  }

  /** @returns {{ slug: string, version: number } | null} null where none is chosen */
  get value() {
    const version = Number(this.version.value);
    return this.theme.value && version ? { slug: this.theme.value, version } : null;
  }

  /**
   * @param {string} slug another than of a listed theme chooses none
   * @param {number} [version] the latest by default
   */
  async choose(slug, version) {
    this.theme.value = slug;
    await this.#listVersions(version);
  }

  /** @param {number} [chosen] */
  async #listVersions(chosen) {
    const slug = this.theme.value;
    this.version.replaceChildren(); // Those of the theme before are no choice any more.
    const versions = slug
      ? /** @type {Version[]} */ (await getJson(`${API}/admin/themes/${slug}/versions`))
      : [];
    if (slug !== this.theme.value) return; // Another theme was chosen meanwhile.
    const sorted = [...versions].sort((a, b) => b.version - a.version);
    this.version.replaceChildren(
      ...sorted.map((each) => untranslatedOption(String(each.version), versionName(each))),
    );
    if (chosen) this.version.value = String(chosen);
    this.version.dispatchEvent(new Event('change', { bubbles: true }));
  }
}
