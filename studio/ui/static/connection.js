// Whether the studio still answers. While it does not, the page says so, and that a run may be lost;
// once it is back the page is opened anew where that is needed: the server knows nothing of it.
import { t } from './i18n.js';

const ADDRESS = '/gradio_api/app_id';
const OFTEN = 2000;
const SELDOM = 10000;
const PATIENCE = 20000;
const UNFINISHED = '.card[data-state=queued], .card[data-state=started], .card[data-state=loading], .card[data-state=step]';
let server = null;
let banner = null;
let cut = false;

async function answering() {
  const response = await fetch(ADDRESS, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
  return response.ok ? (await response.json()).app_id : null;
}

function line(text) {
  return Object.assign(document.createElement('span'), { textContent: text });
}

// The cards' bars stand still: nothing comes of them any more.
function showLost() {
  const cards = [...document.querySelectorAll(UNFINISHED)];
  for (const card of cards) {
    card.dataset.state = 'lost';
    card.querySelector('.blank p').textContent = t('studio.connection_lost');
    for (const moving of card.querySelectorAll('.bar, small')) moving.remove();
  }
  cut ||= cards.length > 0;
  if (banner) return;
  banner = Object.assign(document.createElement('div'), { className: 'connection' });
  banner.setAttribute('role', 'alert');
  banner.append(line(t('studio.connection_retried')));
  if (cut) banner.append(' ', line(t('studio.connection_run_lost')));
  document.body.append(banner);
}

function showBack(id) {
  if (cut || (id !== null && server !== null && id !== server)) {
    location.reload();
    return;
  }
  banner?.remove();
  banner = null;
}

async function look() {
  try {
    const id = await answering();
    if (banner || (id !== null && server !== null && id !== server)) showBack(id);
    server = id ?? server;
  } catch {
    showLost();
  }
  const often = banner || document.querySelector(UNFINISHED);
  setTimeout(look, often ? OFTEN : SELDOM);
}

look();
