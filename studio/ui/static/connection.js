// Whether the studio still answers, and has its data. While it does not, the page says so, and that a run
// may be lost; once it is back the page is opened anew where that is needed: the server knows nothing of it.
import { t } from './i18n.js';

const ADDRESS = '/gradio_api/app_id';
const OFTEN = 2000;
const SELDOM = 10000;
const PATIENCE = 20000;
const UNFINISHED = '.card[data-state=queued], .card[data-state=started], .card[data-state=loading], .card[data-state=step]';
let server = null;
let banner = null;
let cut = false;
let looked = 0;
let next = 0;

async function answering() {
  const response = await fetch(ADDRESS, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
  return { id: response.ok ? (await response.json()).app_id : null, isAway: response.status === 503 };
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
  const told = [t('studio.connection_retried')];
  if (cut) told.push(t('studio.connection_run_lost'));
  show('lost', told);
}

// Without its database nobody is let in. A run goes on, and its pictures wait for a while to be kept.
function showAway() {
  show('away', [t('studio.connection_without_data')]);
}

function show(why, told) {
  if (banner?.dataset.why === why) return;
  banner?.remove();
  banner = Object.assign(document.createElement('div'), { className: 'connection' });
  banner.dataset.why = why;
  banner.setAttribute('role', 'alert');
  banner.append(...told.flatMap((each) => [line(each), ' ']));
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
  looked = Infinity;
  try {
    const { id, isAway } = await answering();
    if (isAway) showAway();
    else if (banner || (id !== null && server !== null && id !== server)) showBack(id);
    server = id ?? server;
  } catch {
    showLost();
  }
  const often = banner || document.querySelector(UNFINISHED);
  looked = Date.now();
  next = setTimeout(look, often ? OFTEN : SELDOM);
}

// Of a click that is not answered Gradio tells that the studio is busy.
document.addEventListener('click', () => {
  if (Date.now() - looked < OFTEN) return;
  clearTimeout(next);
  look();
});

look();
