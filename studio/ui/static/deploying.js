// Deploying, rolling back and taking down, reviewed before it is done: for the page Themes and the
// studio's panel alike.
import { asked, line, whoever } from './dialogs.js';
import { ask, element, said, send } from './parts.js';

const field = (label, fields, wide = false) => element('label', { className: wide ? 'wide' : '' }, label, ' ', element('input', fields));
const quoted = (name) => said(`“${name}”`);

function finding(each, ticked) {
  const box = element('input', { type: 'checkbox', required: true });
  box.addEventListener('change', () => ticked(box.checked));
  return element('li', {}, element('label', { className: `finding finding-${each.level}` }, box, element('b', {}, each.level),
    element('span', {}, each.what), ...(each.remedy ? [element('small', {}, each.remedy)] : [])));
}

// The checks of one version: what passes folded away, each warning and each stop to be ticked.
class Checks {
  constructor(slug, number, changed) {
    Object.assign(this, { slug, number, changed, found: null, seen: new Set() });
    this.shown = element('section', { className: 'checks' }, element('h3', {}, `Version ${number}`), line('Checking …'));
  }

  async load() {
    const found = await ask(`/themes/${this.slug}/${this.number}/check`);
    const [passed, open] = [found.filter((each) => each.level === 'pass'), found.filter((each) => each.level !== 'pass')];
    this.found = open.sort((one, other) => one.level.localeCompare(other.level));
    const passes = element('details', {}, element('summary', {}, `${passed.length} checks pass`),
      element('ul', { className: 'findings' }, ...passed.map((each) => element('li', { className: 'finding finding-pass' }, element('b', {}, 'pass'), element('span', {}, each.what)))));
    const list = element('ul', { className: 'findings' }, ...this.found.map((each) => finding(each, (ticked) => {
      this.seen[ticked ? 'add' : 'delete'](each.what);
      this.changed();
    })));
    const told = this.found.length ? [line('Tick what you have taken into account:')] : [];
    this.shown.replaceChildren(element('h3', {}, `Version ${this.number}`), ...told, list, passes);
    this.changed();
  }

  get stops() { return this.found?.some((each) => each.level === 'stop') ?? false; }

  get done() { return this.found !== null && this.found.every((each) => this.seen.has(each.what)); }
}

// Asks what, where and by whom; only what was checked and ticked is sent.
export async function deploy(slug, number, channel = 'live') {
  const theme = await ask(`/themes/${slug}`);
  const who = whoever();
  const fields = {
    channel: field('Channel', { name: 'channel', value: channel, required: true, maxLength: 63, pattern: '[a-z0-9][a-z0-9\\-]*' }),
    starts: field('From', { type: 'datetime-local', name: 'starts' }),
    ends: field('To', { type: 'datetime-local', name: 'ends' }),
    trial: field('Try another version on some', { type: 'number', name: 'trial', min: 1, max: theme.versions.length }),
    share: field('Percent of requests', { type: 'number', name: 'share', min: 0, max: 100, value: 0 }),
    note: field('Note for the log', { name: 'note', maxLength: 1000 }, true),
  };
  const value = (name) => fields[name].querySelector('input').value;
  const moment = (name) => (value(name) ? new Date(value(name)).toISOString() : null);
  const fallback = element('input', { type: 'checkbox', name: 'fallback' });
  const place = element('div', { id: 'checks' });
  let checks = [];
  const changed = () => {
    const go = place.closest('form')?.querySelector('.acts button');
    if (go) {
      const forced = checks.some((each) => each.stops);
      go.textContent = forced ? 'Deploy all the same' : 'Deploy';
      go.className = forced ? 'danger' : 'go';
    }
    place.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const look = () => {
    const wanted = [number, Number(value('trial'))].filter((each, i) => each && (i === 0 || each !== number));
    checks = wanted.map((each) => checks.find((known) => known.number === each) ?? new Checks(slug, each, changed));
    place.replaceChildren(...checks.map((each) => each.shown));
    for (const each of checks.filter((one) => one.found === null)) {
      each.load().catch((error) => each.shown.replaceChildren(element('p', { className: 'refused', role: 'alert' }, error.message)));
    }
  };
  fields.trial.addEventListener('change', look);
  look();
  const act = async () => {
    const order = {
      slug, number, channel: value('channel'), note: value('note'), author: who.name(), fallback: fallback.checked,
      starts: moment('starts'), ends: moment('ends'), trial: Number(value('trial')) || null, trial_share: Number(value('share')),
      forced: checks.some((each) => each.stops),
    };
    const seen = Object.fromEntries(checks.map((each) => [each.number, [...each.seen]]));
    await send(`/themes/${slug}/deploy`, { order, over: theme.log[0]?.id ?? 0, seen });
  };
  return asked({
    title: [`Deploy version ${number} of`, ' ', quoted(theme.name)], label: 'Deploy', act,
    content: [who.shown, ...Object.values(fields),
      element('label', { className: 'tick wide' }, fallback, ' ', 'Serve the version before while a model of this is missing'), place],
    may: () => Boolean(who.name()) && checks.every((each) => each.done),
  });
}

async function back(slug, channel, address, title, told, label) {
  const theme = await ask(`/themes/${slug}`);
  const who = whoever();
  const served = theme.served.find((each) => each.channel === channel);
  return asked({
    title: [title, ' ', quoted(theme.name)], label, danger: true,
    content: [...told(served).map((text) => line(text)), who.shown],
    act: () => send(`/themes/${slug}/${address}`, { channel, author: who.name(), over: theme.log[0]?.id ?? 0 }),
    may: () => Boolean(who.name()),
  });
}

const now = (served, channel) => (served ? `Channel ${channel} serves version ${served.number} now.` : `Channel ${channel} does not serve this theme now.`);

export const rollBack = (slug, channel) => back(slug, channel, 'rollback', 'Roll back', (served) => [
  now(served, channel), ...(served?.before ? [`Version ${served.before} is served again at once.`] : ['There is no version to go back to.']),
], 'Roll back');

export const takeDown = (slug, channel) => back(slug, channel, 'stop', 'Take down', (served) => [
  now(served, channel), 'Users get nothing of it any more, at once, also what is scheduled.',
], 'Take down');
