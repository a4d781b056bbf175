// Tuning: studies look for better values of a recipe; trials are looked at, rated, kept.
import { watchChores } from './chores.js';
import { costed } from './dialogs.js';
import { ask, element, said, send, t, tried } from './pages.js';

const told = document.querySelector('#told');
const begin = document.querySelector('#begin');
const count = document.querySelector('#count');
const pause = document.querySelector('#pause');
const run = document.querySelector('#run');
let study = null;

const of = (name) => `study=${encodeURIComponent(name)}`;

async function list() {
  const found = await ask(`/tuning/studies?slug=${begin.slug.value}`);
  document.querySelector('#studies').replaceChildren(...found.map((each) => {
    const link = element('a', { href: `/tuning?${of(each.name)}` }, said(each.name));
    link.addEventListener('click', (event) => {
      event.preventDefault();
      history.replaceState(null, '', link.href);
      tried(() => open(each.name));
    });
    return element('li', {}, link);
  }));
}

async function open(name) {
  study = name;
  document.querySelector('#study').hidden = false;
  document.querySelector('#study-name').textContent = name;
  await show();
}

// Asks again while the study is under way, and shows each trial as it comes.
async function show() {
  const mine = study;
  const found = await ask(`/tuning/trials?${of(mine)}`);
  if (mine !== study) return;
  const running = found.progress?.state === 'running';
  count.textContent = running ? t('page.done_of_total', { done: found.progress.done, total: found.progress.total }) : '';
  if (found.progress?.state === 'failed') told.textContent = found.progress.message;
  [run.disabled, pause.disabled] = [running, !running];
  const list = document.querySelector('#trials');
  if (list.children.length !== found.trials.length || !running) {
    list.replaceChildren(...found.trials.map((each) => trial(each, found.study)));
  }
  if (running) setTimeout(() => { if (mine === study) tried(show); }, 800);
}

function trial(each, asked) {
  const values = Object.entries(each.values).map(([field, value]) => `${field} ${typeof value === 'number' ? Number(value.toFixed(4)) : value}`).join(', ');
  const figures = t('page.looks', { likeness: each.looks.likeness?.toFixed(1) ?? '–', diversity: each.looks.diversity.toFixed(1) });
  const worth = each.score === null ? t('page.tuning.waits_for_stars') : `${Math.round(100 * each.score)} %`;
  const acts = element('div', { className: 'links' },
    element('b', {}, worth), said(values), element('small', {}, figures), ...stars(each, asked), keep(each));
  const row = element('img', { src: `/tuning/trials/${each.number}.png?${of(study)}`, alt: t('page.tuning.images_of_trial', { number: each.number }), loading: 'lazy' });
  return element('li', { value: each.number }, row, acts);
}

function stars(each, asked) {
  if (asked.objective === 'looks' || each.score !== null) return each.stars ? [said('★'.repeat(each.stars))] : [];
  return [1, 2, 3, 4, 5].map((number) => {
    const star = element('button', { type: 'button', title: t('page.tuning.stars_of_five', { count: number }) }, `${number} ★`);
    star.addEventListener('click', () => tried(async () => {
      await send(`/tuning/trials/${each.number}/stars?${of(study)}`, { stars: number });
      await show();
    }));
    return star;
  });
}

function keep(each) {
  const made = element('button', { type: 'button', title: t('page.tuning.keep_title') }, t('page.tuning.keep_as_version'));
  made.addEventListener('click', () => tried(async () => {
    const saved = await send(`/tuning/trials/${each.number}/keep?${of(study)}`);
    made.replaceWith(element('a', { href: `/?preset=${saved.slug}&version=${saved.number}` }, t('page.tuning.open_version', { number: saved.number })));
  }));
  return made;
}

begin.addEventListener('submit', (event) => {
  event.preventDefault();
  tried(async () => {
    const fields = Object.fromEntries(new FormData(begin));
    const made = await send('/tuning/studies', { ...fields, number: Number(fields.number) });
    await list();
    await open(made.name);
  });
});
run.addEventListener('click', () => tried(async () => {
  const trials = Number(document.querySelector('#more').value);
  const cost = await ask(`/tuning/cost?${of(study)}&trials=${trials}`);
  if (!await costed(t('page.tuning.go_on_with', { study }), cost, t('page.begin'), () => send(`/tuning/run?${of(study)}`, { trials }))) return;
  await look();
  await show();
}));
pause.addEventListener('click', () => tried(() => send(`/tuning/pause?${of(study)}`)));

const look = watchChores(document.querySelector('#chores'), (chore) => chore.kind === 'study');
const themes = await ask('/themes/list');
begin.slug.replaceChildren(...themes.map((each) => element('option', { value: each.slug, translate: false }, each.name)));
const latest = () => { begin.number.value = themes.find((each) => each.slug === begin.slug.value)?.latest ?? 1; };
begin.slug.addEventListener('change', () => { latest(); tried(list); });
const query = new URLSearchParams(location.search);
const named = query.get('study');
begin.slug.value = named?.split('/')[0] ?? query.get('theme') ?? themes[0]?.slug;
latest();
await tried(list);
if (named) await tried(() => open(named));
