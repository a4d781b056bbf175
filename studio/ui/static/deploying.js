// Deploying, rolling back and taking down, reviewed before it is done: for the page Themes and the
// studio's panel alike.
import { asked, line, whoever } from './dialogs.js';
import { t } from './i18n.js';
import { ask, element, send } from './parts.js';

const field = (label, fields, wide = false) => element('label', { className: wide ? 'wide' : '' }, label, ' ', element('input', fields));
const LEVELS = { pass: t('page.deploying.level_pass'), warning: t('page.deploying.level_warning'), stop: t('page.deploying.level_stop') };

function finding(each, ticked) {
  const box = element('input', { type: 'checkbox', required: true });
  box.addEventListener('change', () => ticked(box.checked));
  return element('li', {}, element('label', { className: `finding finding-${each.level}` }, box, element('b', {}, LEVELS[each.level]),
    element('span', {}, each.what), ...(each.remedy ? [element('small', {}, each.remedy)] : [])));
}

// The checks of one version: what passes folded away, each warning and each stop to be ticked.
class Checks {
  constructor(slug, number, changed) {
    Object.assign(this, { slug, number, changed, found: null, seen: new Set() });
    this.shown = element('section', { className: 'checks' }, element('h3', {}, t('page.version_heading', { number })), line(t('page.deploying.checking')));
  }

  async load() {
    const found = await ask(`/themes/${this.slug}/${this.number}/check`);
    const [passed, open] = [found.filter((each) => each.level === 'pass'), found.filter((each) => each.level !== 'pass')];
    this.found = open.sort((one, other) => one.level.localeCompare(other.level));
    const passes = element('details', {}, element('summary', {}, t('page.deploying.checks_pass', { count: passed.length })),
      element('ul', { className: 'findings' }, ...passed.map((each) => element('li', { className: 'finding finding-pass' }, element('b', {}, LEVELS.pass), element('span', {}, each.what)))));
    const list = element('ul', { className: 'findings' }, ...this.found.map((each) => finding(each, (ticked) => {
      this.seen[ticked ? 'add' : 'delete'](each.what);
      this.changed();
    })));
    const told = this.found.length ? [line(t('page.deploying.tick'))] : [];
    this.shown.replaceChildren(element('h3', {}, t('page.version_heading', { number: this.number })), ...told, list, passes);
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
    channel: field(t('page.deploying.channel'), { name: 'channel', value: channel, required: true, maxLength: 63, pattern: '[a-z0-9][a-z0-9\\-]*' }),
    starts: field(t('page.from'), { type: 'datetime-local', name: 'starts' }),
    ends: field(t('page.to'), { type: 'datetime-local', name: 'ends' }),
    trial: field(t('page.deploying.trial'), { type: 'number', name: 'trial', min: 1, max: theme.versions.length }),
    share: field(t('page.deploying.share'), { type: 'number', name: 'share', min: 0, max: 100, value: 0 }),
    note: field(t('page.deploying.note'), { name: 'note', maxLength: 1000 }, true),
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
      go.textContent = forced ? t('page.deploying.all_the_same') : t('page.deploy');
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
    title: t('page.deploying.title', { number, theme: theme.name }), label: t('page.deploy'), act,
    content: [who.shown, ...Object.values(fields),
      element('label', { className: 'tick wide' }, fallback, ' ', t('page.deploying.fallback')), place],
    may: () => Boolean(who.name()) && checks.every((each) => each.done),
  });
}

async function back(slug, channel, address, { title, told, label }) {
  const theme = await ask(`/themes/${slug}`);
  const who = whoever();
  const served = theme.served.find((each) => each.channel === channel);
  return asked({
    title: t(title, { theme: theme.name }), label, danger: true,
    content: [...told(served).map((text) => line(text)), who.shown],
    act: () => send(`/themes/${slug}/${address}`, { channel, author: who.name(), over: theme.log[0]?.id ?? 0 }),
    may: () => Boolean(who.name()),
  });
}

const now = (served, channel) => (served ? t('page.deploying.serves_now', { channel, number: served.number }) : t('page.deploying.serves_nothing', { channel }));

export const rollBack = (slug, channel) => back(slug, channel, 'rollback', {
  title: 'page.deploying.roll_back_title',
  told: (served) => [now(served, channel), served?.before ? t('page.deploying.served_again', { number: served.before }) : t('page.deploying.no_version_before')],
  label: t('page.roll_back'),
});

export const takeDown = (slug, channel) => back(slug, channel, 'stop', {
  title: 'page.deploying.take_down_title',
  told: (served) => [now(served, channel), t('page.deploying.taken_from_users')],
  label: t('page.take_down'),
});
