// Who is signed in, and the way out; nothing where nobody signs in.
import { t } from './i18n.js';

export function user() {
  const kept = document.cookie.split('; ').find((each) => each.startsWith('studio-user='));
  return kept && decodeURIComponent(kept.slice('studio-user='.length));
}

function offer(name) {
  for (const nav of document.querySelectorAll('nav:not([data-account])')) {
    nav.dataset.account = 'yes';
    const out = document.createElement('button');
    Object.assign(out, { type: 'button', className: 'out', textContent: t('page.sign_out'), title: t('page.you_are', { name }) });
    out.addEventListener('click', async () => {
      await fetch('/sign-in/out', { method: 'POST' });
      location.assign('/sign-in');
    });
    nav.append(out);
  }
}

const name = user();
if (name) {
  offer(name);
  new MutationObserver(() => offer(name)).observe(document.body, { childList: true, subtree: true });
}
