// Votes: blind contests. Which entrant stands on which side, only the server knows.
import { watchChores } from './chores.js';
import { costed } from './dialogs.js';
import { ask, element, fill, remembered, row, said, send, t, time, tried } from './pages.js';

const LETTERS = ['A', 'B', 'C', 'D'];
const voter = remembered(document.querySelector('#voter'));
const count = document.querySelector('#count');
const standing = document.querySelector('#standing');
const begin = document.querySelector('#begin');
const undrawn = document.querySelector('#undrawn');
const frames = document.querySelectorAll('.frame');
let contest = null;
let number = null;
let loading = 0;

const percent = (share) => `${Math.round(100 * share)} %`;

async function list() {
  const contests = await ask('/votes/list');
  fill(document.querySelector('#contests'), contests.map((each) => {
    const link = element('a', { href: `/votes?contest=${each.id}` }, said(each.title));
    return row(link, t('page.votes.entrants', { count: each.entrants }), said(each.author), time(each.created, { dateStyle: 'medium' }));
  }));
}

// Pictures are drawn beforehand: nobody is to tell entrants apart by how long they take.
async function open(id) {
  contest = await ask(`/votes/${id}`);
  document.querySelector('#voting').hidden = false;
  document.querySelector('#title').textContent = contest.title;
  if (contest.drawn) {
    undrawn.hidden = true;
    if (number === null) await next();
    return;
  }
  number = null;
  const { state, message, done, total } = contest.progress;
  undrawn.hidden = state === 'running';
  wait(state === 'running' && !total ? t('page.preparing') : t('page.done_of_total', { done, total }));
  count.textContent = state === 'running' ? t('page.votes.being_drawn') : '';
  if (message) throw new Error(message);
}

// What stands in the frames until there are pictures.
function wait(text) {
  for (const frame of frames) {
    frame.querySelector('img').hidden = true;
    frame.querySelector('.wait').textContent = text;
  }
  mayVote(false);
}

function mayVote(may) {
  for (const id of ['left', 'right', 'tie']) document.querySelector(`#${id}`).disabled = !may;
}

// Shows a picture once it is there whole.
async function show(image, address) {
  const arrived = new Promise((resolve, reject) => {
    image.onload = resolve;
    image.onerror = () => reject(new Error(t('page.votes.image_did_not_come')));
  });
  image.src = address;
  await arrived;
  image.hidden = false;
  image.parentElement.querySelector('.wait').textContent = '';
}

async function next() {
  const mine = ++loading;
  number = null;
  if (!voter.value.trim() && !document.cookie.includes('studio-user=')) {
    count.textContent = t('page.votes.say_who_votes');
    wait('');
    return;
  }
  const asked = `voter=${encodeURIComponent(voter.value.trim())}`;
  const ballot = await ask(`/votes/${contest.id}/ballot?${asked}`);
  await Promise.all([['left', '#left img'], ['right', '#right img'], ['doodle', '#drawn']].map(([side, image]) => show(
    document.querySelector(image), `/votes/${contest.id}/pictures/${ballot.number}/${side}.png?${asked}`,
  )));
  if (mine !== loading) return; // A newer ballot is on its way.
  number = ballot.number;
  mayVote(true);
  count.textContent = t('page.votes.votes_cast', { count: number });
  if (standing.open) await stand();
}

async function cast(choice) {
  if (number === null) return;
  const mine = number;
  number = null;
  await tried(async () => {
    await send(`/votes/${contest.id}`, { voter: voter.value, number: mine, choice });
    await next();
  });
}

async function stand() {
  const found = await ask(`/votes/${contest.id}/standing`);
  document.querySelector('#places').replaceChildren(...found.places.map((each) => row(
    said(each.label), percent(each.win_rate), `${percent(each.win_low)} – ${percent(each.win_high)}`,
    percent(each.chance), `${percent(each.chance_low)} – ${percent(each.chance_high)}`, each.votes,
  )));
  document.querySelector('#settled').textContent = found.settled ? t('page.votes.first_is_better')
    : found.more === null ? t('page.votes.too_alike') : t('page.votes.not_settled', { count: found.more });
  document.querySelector('#voters').textContent = found.voters.map(([name, votes]) => `${name}: ${votes}`).join(', ');
}

function entrantRow(index, themes) {
  const choices = [element('option', { value: '' }, index < 2 ? t('page.votes.choose') : t('page.none')), ...themes.map((each) => element('option', { value: each.slug, translate: false }, each.name))];
  const theme = element('select', { name: `theme-${index}`, required: index < 2, ariaLabel: t('page.votes.theme_number', { number: index + 1 }) }, ...choices);
  const version = element('input', { type: 'number', name: `version-${index}`, min: 1, ariaLabel: t('page.version_heading', { number: index + 1 }) });
  const what = element('select', { name: `letter-${index}`, ariaLabel: t('page.votes.recipe_number', { number: index + 1 }) }, element('option', { value: '' }, t('page.votes.all_four')), ...LETTERS.map((each) => element('option', { value: each }, each)));
  theme.addEventListener('change', () => { version.value = themes.find((each) => each.slug === theme.value)?.latest ?? ''; });
  return element('div', { className: 'entrant' }, theme, version, what);
}

begin.addEventListener('submit', (event) => {
  event.preventDefault();
  tried(async () => {
    const fields = new FormData(begin);
    const entrants = [0, 1, 2, 3].filter((i) => fields.get(`theme-${i}`)).map((i) => ({
      slug: fields.get(`theme-${i}`), number: Number(fields.get(`version-${i}`)), letter: fields.get(`letter-${i}`) || null,
    }));
    const [title, cost] = [fields.get('title'), await send('/votes/cost', { entrants })];
    let made = null;
    const begun = await costed(t('page.votes.begin_title', { title }), cost, t('page.begin'), async () => {
      made = await send('/votes', { title, entrants, author: voter.value });
    });
    if (begun) location.assign(`/votes?contest=${made.id}`);
  });
});

document.querySelector('#draw').addEventListener('click', () => tried(async () => {
  const address = `/votes/${contest.id}`;
  if (!await costed(t('page.votes.draw_title', { title: contest.title }), await ask(`${address}/cost`), t('page.begin'), () => send(`${address}/draw`))) return;
  await look();
  await open(contest.id);
}));
document.querySelector('#left').addEventListener('click', () => cast('left'));
document.querySelector('#right').addEventListener('click', () => cast('right'));
document.querySelector('#tie').addEventListener('click', () => cast('tie'));
document.addEventListener('keydown', (event) => {
  const choice = { ArrowLeft: 'left', ArrowRight: 'right', ArrowDown: 'tie' }[event.key];
  if (!choice || number === null || event.target.matches('input, select') || document.querySelector('dialog[open]')) return;
  event.preventDefault();
  cast(choice);
});
standing.addEventListener('toggle', () => { if (standing.open) tried(stand); });
voter.addEventListener('change', () => {
  if (contest?.drawn) tried(next);
});

await tried(list);
const themes = await ask('/themes/list');
document.querySelector('#entrants').replaceChildren(...[0, 1, 2, 3].map((index) => entrantRow(index, themes)));
const asked = new URLSearchParams(location.search).get('contest');
if (asked) await tried(() => open(asked));
const mine = (chore) => chore.name === `contest/${contest?.id}`;
const look = watchChores(document.querySelector('#chores'), mine, () => tried(() => open(contest.id)), ([running]) => {
  if (running) {
    if (running.total) wait(t('page.done_of_total', { done: running.done, total: running.total }));
  } else if (contest && !contest.drawn && contest.progress.state === 'running') {
    tried(() => open(contest.id)); // It ended before it was looked at here.
  }
});
