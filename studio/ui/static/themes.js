// Themes: their versions and what changed, what was found out about them, what is served.
import { watchChores } from './chores.js';
import { costed } from './dialogs.js';
import { deploy, rollBack, takeDown } from './deploying.js';
import { answer, ask, element, fill, remembered, row, said, send, t, time, tried } from './pages.js';

const told = document.querySelector('#told');
const who = remembered(document.querySelector('#who'));
const find = document.querySelector('#find');
let theme = null;
// The chores that the theme's page shows: reviews of its versions.
const ours = (chore) => ['robustness', 'regression'].includes(chore.kind) && chore.name.startsWith(`${theme?.slug}/`);

const versionNumber = (number) => t('page.version_number', { number });
const trial = (number, percent) => (number ? t('page.themes.trial', { number, percent }) : '');

function button(text, act, title = '') {
  const made = element('button', { type: 'button', title }, text);
  made.addEventListener('click', async () => {
    made.disabled = true;
    await tried(act);
    made.disabled = false;
  });
  return made;
}

async function list() {
  const asked = new URLSearchParams([...new FormData(find)].filter(([, value]) => value));
  const themes = await ask(`/themes/list?${asked}`);
  document.querySelector('#themes').replaceChildren(...themes.map((each) => {
    const link = element('a', { href: `/themes?theme=${each.slug}` }, said(each.name));
    if (each.slug === theme?.slug) link.setAttribute('aria-current', 'true');
    link.addEventListener('click', (event) => {
      event.preventDefault();
      history.replaceState(null, '', link.href);
      tried(() => open(each.slug));
    });
    const served = each.served.map((s) => `${s.channel}: ${s.number}`).join(', ');
    const state = each.archived ? t('page.themes.archived') : served ? said(served) : versionNumber(each.latest);
    return element('li', {}, link, element('small', {}, state));
  }));
}

async function open(slug) {
  theme = { ...await ask(`/themes/${slug}`), archived: false };
  document.querySelector('#theme').hidden = false;
  document.querySelector('#name').textContent = theme.name;
  showServed();
  document.querySelector('#versions').replaceChildren(...theme.versions.map(versionRow));
  fill(document.querySelector('#log'), theme.log.map((each) => row(
    time(each.created), said(each.channel), each.number === null ? t('page.themes.taken_down') : versionNumber(each.number),
    trial(each.trial, each.trial_share), said(each.author), said(each.note), each.forced ? t('page.themes.forced') : '',
  )));
  fill(document.querySelector('#votes'), theme.contests.map(contestRow));
  await compare();
  await list();
  document.querySelector('#archive').textContent = await isArchived() ? t('page.themes.unarchive') : t('page.themes.archive');
}

function contestRow(contest) {
  const places = contest.places.map((each) => `${each.label} ${Math.round(100 * each.chance)} %`).join(', ');
  return row(element('a', { href: `/votes?contest=${contest.id}` }, said(contest.title)), said(places), contest.settled ? t('page.themes.settled') : t('page.themes.not_settled'));
}

async function isArchived() {
  const found = await ask(`/themes/list?archived=true&text=${encodeURIComponent(theme.slug)}`);
  theme.archived = found.find((each) => each.slug === theme.slug)?.archived ?? false;
  return theme.archived;
}

function showServed() {
  fill(document.querySelector('#served'), theme.served.map((each) => row(
    said(each.channel), versionNumber(each.number), trial(each.trial, each.share),
    element('span', { className: 'ailing' }, (theme.ailing[each.channel] ?? []).join(' ')),
    button(t('page.roll_back'), () => done(rollBack(theme.slug, each.channel))), button(t('page.take_down'), () => done(takeDown(theme.slug, each.channel))),
  )));
}

function versionRow(version) {
  const one = element('input', { type: 'radio', name: 'before', value: version.number, ariaLabel: t('page.themes.from_version', { number: version.number }) });
  const two = element('input', { type: 'radio', name: 'after', value: version.number, ariaLabel: t('page.themes.to_version', { number: version.number }) });
  one.checked = version.number === Math.max(1, theme.versions.length - 1);
  two.checked = version.number === theme.versions.length;
  for (const box of [one, two]) box.addEventListener('change', () => tried(compare));
  const acts = element('div', { className: 'links' },
    element('a', { href: `/?preset=${theme.slug}&version=${version.number}` }, t('page.themes.open')),
    button(t('page.deploy'), () => done(deploy(theme.slug, version.number))), button(t('page.themes.branch'), () => branch(version.number)),
    element('a', { href: `/tuning?theme=${theme.slug}` }, t('page.themes.tune')),
    element('a', { href: `/themes/${theme.slug}/${version.number}/export?bases=true`, download: '' }, t('page.export')));
  return row(element('span', { className: 'pair' }, one, two), version.number, time(version.created), said(version.author),
    said(version.note), robustness(version), sheet(version), picks(version), acts);
}

// What users chose of the four, in percent.
function picks(version) {
  const all = Object.entries(version.picks ?? {});
  const sum = all.reduce((total, [, count]) => total + count, 0);
  return sum ? said(all.map(([letter, count]) => `${letter} ${Math.round((100 * count) / sum)} %`).join(', ') + ` (${sum})`) : '';
}

function robustness(version) {
  const found = version.robustness;
  const figure = found ? element('b', { className: found.passed ? 'good' : 'bad' }, `${Math.round(100 * found.share)} %`) : '';
  return element('div', { className: 'links' }, figure, button(t('page.themes.run'), () => review(version.number, 'robustness'), t('page.themes.run_title')));
}

function sheet(version) {
  const found = version.sheet;
  const acts = [button(t('page.themes.draw'), () => review(version.number, 'regression'), t('page.themes.draw_title'))];
  if (found) {
    const open = element('a', { href: `/themes/${theme.slug}/${version.number}/sheet`, target: '_blank' },
      found.seen_by.length ? t('page.themes.look_again') : t('page.themes.look_at_it'));
    const figures = t('page.looks_of_seeds', {
      likeness: found.likeness?.toFixed(1) ?? '–', diversity: found.diversity.toFixed(1), seeds: found.of_seeds?.toFixed(1) ?? '–',
    });
    const seen = button(t('page.themes.looked_at'), () => see(version.number), t('page.themes.looked_at_title'));
    acts.unshift(open, seen, element('small', { title: t('page.themes.looks_title') }, figures));
  }
  return element('div', { className: 'links' }, ...acts);
}

async function see(number) {
  await send(`/themes/${theme.slug}/${number}/sheet/seen`, { by: who.value });
  await open(theme.slug);
}

// Begun once its cost is known; it goes on whatever becomes of this page.
async function review(number, kind) {
  const address = `/themes/${theme.slug}/${number}/reviews/${kind}`;
  const named = { theme: theme.name, number };
  const title = kind === 'robustness' ? t('page.themes.test_robustness_of', named) : t('page.themes.draw_sheet_of', named);
  const begun = await costed(title, await ask(`${address}/cost`), t('page.begin'), () => send(address));
  if (begun) await look();
}

async function ended(chore) {
  await open(theme.slug);
  if (chore.message) told.textContent = chore.message;
}

async function compare() {
  const chosen = (name) => document.querySelector(`[name=${name}]:checked`)?.value;
  const [before, after] = [chosen('before'), chosen('after')];
  const changes = before && after && before !== after ? await ask(`/themes/${theme.slug}/diff?before=${before}&after=${after}`) : [];
  const rows = changes.map((each) => row(each.place, said(each.before), said(each.after)));
  fill(document.querySelector('#diff'), rows);
}

async function branch(number) {
  const name = prompt(t('page.themes.name_of_new'), `${theme.name} 2`);
  if (!name) return;
  const made = await send(`/themes/${theme.slug}/branch`, { number, name, author: who.value });
  await open(made.slug);
}

async function done(asking) {
  if (await asking) await open(theme.slug);
}

document.querySelector('#rename').addEventListener('click', () => tried(async () => {
  const name = prompt(t('page.themes.new_name'), theme.name);
  if (!name) return;
  await send(`/themes/${theme.slug}/rename`, { name, author: who.value });
  await open(theme.slug);
}));
document.querySelector('#archive').addEventListener('click', () => tried(async () => {
  await send(`/themes/${theme.slug}/archive?archived=${!theme.archived}`);
  await open(theme.slug);
}));
document.querySelector('#take-in').addEventListener('change', (event) => tried(async () => {
  const [file] = event.target.files;
  if (!file) return;
  const response = await fetch(`/themes/import/file?name=${encodeURIComponent(file.name)}&author=${encodeURIComponent(who.value)}`, {
    method: 'POST', body: file, headers: { 'X-Studio': 'themes' },
  });
  event.target.value = '';
  const taken = await answer(response);
  await open(taken.slug);
  told.textContent = taken.missing.join(' ');
}));
find.addEventListener('input', () => tried(list));
find.addEventListener('submit', (event) => event.preventDefault());

const look = watchChores(document.querySelector('#chores'), ours, ended);
await list();
const first = new URLSearchParams(location.search).get('theme') ?? new URLSearchParams(document.querySelector('#themes a')?.search).get('theme');
if (first) await tried(() => open(first));
