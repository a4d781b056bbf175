// Questions before something is done: what it is, who does it, what it costs.
import { user } from './account.js';
import { t } from './i18n.js';
import { duration, element, remembered } from './parts.js';

// Asks in a dialog of its own. `act` is done when the answer is yes; where it fails the dialog stays
// and says why. Resolves to whether it was done. `content` stands under the title; `may` tells
// whether the answer can be yes yet, and is asked again after every input.
export function asked({ title, content = [], label, act, danger = false, may = () => true }) {
  const go = element('button', { className: danger ? 'danger' : 'go' }, label);
  const no = element('button', { type: 'button' }, t('page.cancel'));
  const refused = element('p', { className: 'refused', role: 'alert' });
  const heading = element('h2', { id: 'asking-title' }, ...[title].flat());
  const form = element('form', { method: 'dialog', autocomplete: 'off' }, heading, ...content, refused, element('div', { className: 'acts' }, go, no));
  const dialog = element('dialog', { className: 'asking' }, form);
  dialog.setAttribute('aria-labelledby', heading.id);
  const check = () => { go.disabled = !may(); };
  return new Promise((resolve) => {
    const end = (answer) => {
      dialog.close(); // Gives the focus back.
      dialog.remove();
      resolve(answer);
    };
    form.addEventListener('input', check);
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      go.disabled = true;
      refused.textContent = '';
      try {
        await act();
        end(true);
      } catch (error) {
        refused.textContent = error.message;
        check();
      }
    });
    no.addEventListener('click', () => end(false));
    dialog.addEventListener('cancel', () => end(false));
    document.body.append(dialog);
    dialog.showModal();
    check();
  });
}

export const line = (...text) => element('p', {}, ...text);

// Who does it: the one who is signed in, or a name that is typed and remembered by this browser.
export function whoever() {
  const known = user();
  if (known) return { shown: line(t('page.you_are', { name: known })), name: () => known };
  const box = element('input', { name: 'who', required: true, maxLength: 80, autocomplete: 'name' });
  remembered(box);
  return { shown: element('label', {}, t('page.your_name'), ' ', box), name: () => box.value.trim() };
}

// What many pictures cost, asked of the server, and whether they are to be drawn for that.
export function costed(title, cost, label, act) {
  const { pictures, kept, seconds } = cost;
  const time = seconds === null ? t('page.dialogs.duration_unknown') : t('page.dialogs.takes_about', { duration: duration(seconds) });
  const content = [
    line(t('page.dialogs.cost', { pictures, kept })),
    ...(kept < pictures ? [line(time), line(t('page.dialogs.goes_after_others'))] : []),
  ];
  return asked({ title, content, label, act });
}
