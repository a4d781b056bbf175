/**
 * The commands of the pages, for keys and for the palette. Each presses a control of the page, and is
 * offered while there is one that takes presses: a page has to register nothing.
 *
 * @typedef {object} Command
 * @property {string} id
 * @property {string} text id of its name
 * @property {string} selector of the control; a search field gets the focus
 */
import { findAll } from '../lib/dom.js';

/** @type {readonly Command[]} in the order of the palette */
export const COMMANDS = [
  { id: 'generate', text: 'studio.generate', selector: '#generate' },
  { id: 'stop', text: 'studio.stop', selector: '#stop' },
  { id: 'save', text: 'studio.save_theme', selector: '.studio #save' },
  { id: 'publish', text: 'studio.review_and_publish', selector: '#review-link a, #publish' },
  { id: 'grid', text: 'studio.grid_open', selector: '#open-grid' },
  { id: 'restore', text: 'studio.restore_from_image', selector: '#restore' },
  { id: 'discard', text: 'studio.discard_changes', selector: '#unsaved [data-clicks=discard]' },
  { id: 'undo', text: 'studio.canvas_undo', selector: 'doodle-canvas [data-action=undo]' },
  { id: 'redo', text: 'page.keys.redo', selector: 'doodle-canvas [data-action=redo]' },
  { id: 'clear', text: 'page.keys.clear', selector: 'doodle-canvas [data-action=clear]' },
  { id: 'inspector', text: 'page.keys.inspector', selector: '#inspector-toggle' },
  { id: 'search', text: 'page.themes.search_themes', selector: '#search [type=search]' },
  { id: 'new-theme', text: 'page.themes.new_theme', selector: '#new-theme' },
  { id: 'import-theme', text: 'page.themes.import_preset_file', selector: '#import' },
  { id: 'new-test', text: 'page.tests.new', selector: '.tests #new' },
  { id: 'shortcuts', text: 'page.keys.title', selector: '#shortcuts-open' },
  { id: 'sign-out', text: 'page.sign_out', selector: '.sign-out' },
  { id: 'palette', text: 'page.shell.palette', selector: '#palette-open' },
];

/**
 * @param {string} selector
 * @returns {HTMLElement | undefined} the control, while it takes presses
 */
export function offered(selector) {
  return findAll(document, selector, HTMLElement).find((control) => {
    const isOpened = document.documentElement.hasAttribute('data-opened');
    const isWaiting = control.closest('[inert]') || (control.closest('gradio-app') && !isOpened);
    return !isWaiting && !control.matches(':disabled');
  });
}

/** @param {HTMLElement} control */
export function press(control) {
  if (control.matches('[type=search]')) control.focus();
  else control.click();
}
