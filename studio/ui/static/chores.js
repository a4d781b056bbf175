// Long work that is under way, wherever it was begun: how far it is, and its Stop.
import { moment, t } from './i18n.js';
import { ask, duration, element, said, send } from './parts.js';

const KINDS = {
  robustness: t('page.chores.robustness_test'), regression: t('page.sheet'), contest: t('page.chores.blind_test'),
  study: t('page.chores.study'), sweep: t('page.chores.sweep'),
};
const [SOON, LATER] = [1000, 4000];

class Line {
  constructor(chore) {
    this.bar = element('div', { className: 'bytes', role: 'progressbar', ariaLabel: KINDS[chore.kind], ariaValueMin: 0, ariaValueMax: 100 }, element('i'));
    [this.count, this.left] = [element('span', { className: 'count' }), element('span', { className: 'left' })];
    this.stop = element('button', { type: 'button' }, t('page.stop'));
    this.stop.addEventListener('click', async () => {
      this.stop.disabled = true;
      await send('/system/chores/stop', { name: chore.name });
    });
    const version = chore.version ? [' ', element('span', {}, t('page.version_number', { number: chore.version }))] : [];
    const since = t('page.chores.since', { time: moment(chore.started, { timeStyle: 'short' }) });
    this.shown = element('div', { className: 'chore' },
      element('span', { className: 'what' }, element('a', { href: chore.page }, KINDS[chore.kind]), ' ', said(chore.subject), ...version,
        ' ', element('small', {}, since)),
      this.bar, this.count, this.left, this.stop);
  }

  show({ done, total, left, stopping }) {
    const share = total ? Math.round((100 * done) / total) : 0;
    this.bar.ariaValueNow = share;
    this.bar.firstChild.style.width = `${share}%`;
    this.count.textContent = stopping ? t('page.chores.stopping') : total ? t('page.done_of_total', { done, total }) : t('page.preparing');
    this.left.textContent = left === null || stopping ? '' : t('page.chores.time_left', { duration: duration(left) });
    this.stop.disabled = stopping;
  }
}

// Shows the chores that are `wanted` in `place` for as long as the page is open. `ended` hears of each
// that ends meanwhile, `looked` after every look which are under way. Returns what has it look at once,
// after something was begun.
export function watchChores(place, wanted = () => true, ended = () => {}, looked = () => {}) {
  const lines = new Map();
  let over = null;
  let timer = null;
  let asking = Promise.resolve();

  async function look() {
    const all = await ask('/system/chores');
    const found = all.filter(wanted);
    const running = found.filter((chore) => chore.state === 'running');
    for (const chore of running) {
      if (!lines.has(chore.name)) {
        lines.set(chore.name, new Line(chore));
        place.append(lines.get(chore.name).shown);
      }
      lines.get(chore.name).show(chore);
    }
    for (const [name, each] of lines) {
      if (running.some((chore) => chore.name === name)) continue;
      each.shown.remove();
      lines.delete(name);
    }
    const known = over;
    over = new Map(all.filter((chore) => chore.state !== 'running').map((chore) => [chore.name, chore.started]));
    looked(running);
    if (known === null) return; // What ended before the page was opened is no news.
    for (const chore of found) {
      if (chore.state !== 'running' && known.get(chore.name) !== chore.started) await ended(chore);
    }
  }

  function again() {
    asking = asking.then(() => (document.hidden ? null : look())).catch(() => {}).then(() => {
      clearTimeout(timer);
      timer = setTimeout(again, lines.size ? SOON : LATER);
    });
    return asking;
  }
  again();
  return again;
}
