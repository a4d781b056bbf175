/** What this browser stores for the studio: every key of its storage, and values that survive a reload. */

export const STORAGE_KEYS = {
  /** The drawing on the canvas, as releases before 2026-12 stored it; IndexedDB holds it now. */
  drawing: 'doodle-theme-studio-drawing',
  /** The draft that was edited last: of this tab (session storage), else of this browser. */
  lastDraft: 'doodle-theme-studio-last',
  /** What the key of a theme's draft begins with; the theme's slug follows. */
  draftPrefix: 'doodle-theme-studio-draft-',
  /** The operator's name, where nobody signs in. */
  author: 'doodle-theme-studio-who',
  /** The language, as releases before 2026-11 stored it; a cookie holds it now. */
  language: 'doodle-theme-studio-language',
  /** Light or dark, where it is not the system's. */
  colorScheme: 'doodle-theme-studio-color-scheme',
  /** The widths of the studio page's panes, as JSON. */
  paneWidths: 'doodle-theme-studio-panes',
  /** Which drawing each of this browser's runs was made from, as JSON. */
  runDrawings: 'doodle-theme-studio-run-drawings',
  /** That somebody wants runs without a doodle without being asked; of this tab (session storage). */
  emptyDoodle: 'doodle-theme-studio-empty-doodle',
  /** That the tour of the studio page was seen. */
  tour: 'doodle-theme-studio-tour',
  /** The API key of the page /play; of this tab alone (session storage). */
  apiKey: 'doodle-key',
};

/**
 * Fills an input with the operator's name that this browser knows, and stores it when it changes.
 *
 * @param {HTMLInputElement} input
 * @returns {HTMLInputElement} the same
 */
export function persistAuthor(input) {
  input.value = localStorage.getItem(STORAGE_KEYS.author) ?? '';
  input.addEventListener('change', () => localStorage.setItem(STORAGE_KEYS.author, input.value));
  return input;
}
