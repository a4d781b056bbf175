/** Dialogs before an action: what it is, who does it, what it costs. */
import { element } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { duration } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { signedInUser } from '../lib/session.js';
import { persistAuthor } from '../lib/storage.js';

/**
 * @typedef {object} Confirmation
 * @property {string | HTMLElement} title
 * @property {readonly HTMLElement[]} [content] between the title and the buttons
 * @property {string} label of the button that confirms
 * @property {() => Promise<unknown>} action is run when that is pressed; where it fails the dialog stays
 *   open and shows the error
 * @property {boolean} [danger] whether the action takes something away
 * @property {() => boolean} [canConfirm] is asked after every input
 *
 * @typedef {object} AuthorField
 * @property {HTMLElement} root
 * @property {() => string} name the author's, empty until it is typed
 *
 * @typedef {object} Cost of rendering
 * @property {number} images
 * @property {number} cached how many of them are stored already
 * @property {number | null} seconds for the others, null where that is unknown
 */

/**
 * Asks before an action, and does it.
 *
 * @param {Confirmation} confirmation
 * @returns {Promise<boolean>} whether it was done
 */
export function confirmAction(confirmation) {
  const { title, content = [], label, action, danger = false } = confirmation;
  const { canConfirm = () => true } = confirmation;
  const confirm = element('button', { className: danger ? 'danger' : 'primary' }, label);
  const cancel = element('button', { type: 'button' }, t('page.cancel'));
  const error = element('p', { className: 'dialog-error', role: 'alert' });
  const heading = element('h2', { id: 'confirmation-title' }, title);
  const buttons = element('div', { className: 'actions' }, confirm, cancel);
  const form = element('form', { method: 'dialog', autocomplete: 'off' });
  form.append(heading, ...content, error, buttons);
  const dialog = element('dialog', { className: 'confirmation' }, form);
  dialog.setAttribute('aria-labelledby', heading.id);

  return new Promise((resolve) => {
    let isRunning = false;
    let isDone = false;
    const updateButtons = () => {
      confirm.disabled = isRunning || !canConfirm();
      cancel.disabled = isRunning;
    };
    form.addEventListener('input', updateButtons);
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (isRunning) return;
      isRunning = true;
      updateButtons();
      isDone = await withErrorDisplay(action, error);
      isRunning = false;
      updateButtons();
      if (isDone) dialog.close(); // Gives the focus back.
    });
    cancel.addEventListener('click', () => dialog.close());
    // What runs is done or fails: closed meanwhile, the dialog could not say which.
    dialog.addEventListener('cancel', (event) => {
      if (isRunning) event.preventDefault();
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(isDone);
    });
    document.body.append(dialog);
    dialog.showModal();
    updateButtons();
  });
}

/** @param {...(Node | string)} content */
export function paragraph(...content) {
  return element('p', {}, ...content);
}

/**
 * Who does it: the user who is signed in, else a name that is typed and that this browser stores.
 *
 * @returns {AuthorField}
 */
export function authorField() {
  const user = signedInUser();
  if (user !== null)
    return { root: paragraph(t('page.signed_in_as', { name: user })), name: () => user };
  const input = persistAuthor(
    element('input', { name: 'who', required: true, maxLength: 80, autocomplete: 'name' }),
  );
  return {
    root: element('label', {}, t('page.your_name'), ' ', input),
    name: () => input.value.trim(),
  };
}

/**
 * Asks before many images are rendered, by what that costs.
 *
 * @param {string} title
 * @param {Cost} cost
 * @param {() => Promise<unknown>} action
 * @returns {Promise<boolean>} whether it was done
 */
export function confirmCost(title, { images, cached, seconds }, action) {
  const content = [paragraph(t('page.dialogs.cost', { images, kept: cached }))];
  if (cached < images) {
    const time =
      seconds === null
        ? t('page.dialogs.duration_unknown')
        : t('page.dialogs.takes_about', { duration: duration(seconds) });
    content.push(paragraph(time), paragraph(t('page.dialogs.background_priority')));
  }
  return confirmAction({ title, content, label: t('page.start'), action });
}
