/**
 * The query of the page's URL: a run, a variant of the history, or a version of a theme that it names.
 *
 * The page's handlers in `studio/ui` call these functions by name.
 */
import { find } from '../lib/dom.js';
import { loadDraft } from './drafts.js';
import { showComponents } from './opening-canvas.js';

/**
 * Buttons that are not shown. Their handlers on the server do what a parameter of the query asks for.
 *
 * @type {Readonly<Record<string, string>>}
 */
const BUTTONS = {
  run: '#attach-run',
  variant: '#restore-variant',
  continue: '#continue-run',
  preset: '#open-version',
  grid: '#apply-grid-cell',
};

const query = () => new URLSearchParams(location.search);

/** Removes the query, so that a reload does not do again what it asks for. */
function removeQuery() {
  history.replaceState(null, '', location.pathname);
}

/**
 * Lets the page take clicks, once it shows what it opens with: the answer would overwrite what earlier
 * clicks changed. Then it does what the query asks for. A stroke that is being drawn is waited for.
 */
export function openPage() {
  showComponents(() => {
    document.documentElement.dataset.opened = 'yes';
    const params = query(); // Their handlers take what they read out of the URL.
    for (const [name, button] of Object.entries(BUTTONS)) {
      if (params.has(name)) find(document, button, HTMLElement).click();
    }
  });
}

/** @returns {string | null} the id of a run to attach to; the query keeps it, for the next reload */
export function readRunId() {
  return query().get('run');
}

/**
 * Names a run in the URL, so that a reload or a second screen attaches to it.
 *
 * @param {string} id empty for none: the URL stays
 */
export function writeRunId(id) {
  if (id) history.replaceState(null, '', `?run=${id}`);
}

/**
 * Takes a variant's id out of the query.
 *
 * @returns {number} 0 for none
 */
export function takeVariantId() {
  const id = Number(query().get('variant'));
  removeQuery();
  return id;
}

/**
 * Takes a theme's version out of the query.
 *
 * @returns {[slug: string, version: number, draft: string]} version 0 is the latest; with the draft of
 *   the theme that this browser stores, or an empty text
 */
export function takeVersion() {
  const slug = query().get('preset') ?? '';
  const version = Number(query().get('version'));
  removeQuery();
  return [slug, version, loadDraft(slug)];
}
