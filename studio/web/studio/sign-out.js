/** A button that signs out, in the studio page's navigation; there is none where nobody signs in. */
import { element, findAll } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { signedInUser } from '../lib/session.js';

async function signOut() {
  await fetch('/sign-in/out', { method: 'POST' });
  location.assign('/sign-in');
}

/** @param {string} name of the user */
function addButtons(name) {
  for (const nav of findAll(document, 'nav:not([data-account])', HTMLElement)) {
    nav.dataset.account = 'yes';
    const title = t('page.signed_in_as', { name });
    const button = element('button', { type: 'button', className: 'sign-out', title });
    button.append(t('page.sign_out'));
    button.addEventListener('click', signOut);
    nav.append(button);
  }
}

const user = signedInUser();
if (user !== null) {
  addButtons(user);
  // Gradio builds the navigation later.
  const observer = new MutationObserver(() => addButtons(user));
  observer.observe(document.body, { childList: true, subtree: true });
}
