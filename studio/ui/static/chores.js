// Long work that is under way, wherever it was begun: how far it is, and its Stop.
import { ask, duration, element, said, send } from './parts.js';

const KINDS = { robustness: 'Robustness test', regression: 'Sheet', contest: 'Blind contest', study: 'Study', sweep: 'Sweep' };
const [SOON, LATER] = [1000, 4000];

class Line {
  constructor(chore) {
    this.bar = element('div', { className: 'bytes', role: 'progressbar', ariaLabel: KINDS[chore.kind], ariaValueMin: 0, ariaValueMax: 100 }, element('i'));
    [this.count, this.left] = [element('span', { className: 'count' }), element('span', { className: 'left' })];
    this.stop = element('button', { type: 'button' }, 'Stop');
    this.stop.addEventListener('click', async () => {
      this.stop.disabled = true;
      await send('/system/chores/stop', { name: chore.name });
    });
    const version = chore.version ? [' ', element('span', {}, `version ${chore.version}`)] : [];
    const since = new Date(chore.started).toLocaleTimeString([], { timeStyle: 'short' });
    this.shown = element('div', { className: 'chore' },
      element('span', { className: 'what' }, element('a', { href: chore.page }, KINDS[chore.kind]), ' ', said(chore.subject), ...version,
        ' ', element('small', {}, `since ${since}`)),
      this.bar, this.count, this.left, this.stop);
    this.show(chore);
  }

  show({ done, total, left, stopping }) {
    const share = total ? Math.round((100 * done) / total) : 0;
    this.bar.ariaValueNow = share;
    this.bar.firstChild.style.width = `${share}%`;
    this.count.textContent = stopping ? 'Stopping …' : total ? `${done} of ${total}` : 'Preparing …';
    this.left.textContent = left === null || stopping ? '' : `about ${duration(left)} left`;
    this.stop.disabled = stopping;
  }
}

// Shows the chores that are `wanted` in `place` for as long as the page is open. `ended` hears of one
// that ends. Returns what has it look at once, after something was begun.
export function watchChores(place, wanted = () => true, ended = () => {}, running = () => {}) {
  const lines = new Map();
  let timer = null;
  let asking = null;

  async function look() {
    const found = (await ask('/system/chores')).filter(wanted);
    for (const chore of found) {
      const shown = lines.get(chore.name);
      if (chore.state !== 'running' && shown) {
        shown.shown.remove();
        lines.delete(chore.name);
        await ended(chore);
      } else if (chore.state === 'running') {
        if (shown) shown.show(chore);
        else {
          lines.set(chore.name, new Line(chore));
          place.append(lines.get(chore.name).shown);
        }
        running(chore);
      }
    }
    // What the studio no longer knows of, since it was started anew.
    for (const [name, each] of lines) {
      if (!found.some((chore) => chore.name === name)) {
        each.shown.remove();
        lines.delete(name);
      }
    }
  }

  function again() {
    clearTimeout(timer);
    asking ??= (document.hidden ? Promise.resolve() : look()).catch(() => {}).finally(() => {
      asking = null;
      clearTimeout(timer);
      timer = setTimeout(again, lines.size ? SOON : LATER);
    });
    return asking;
  }
  again();
  return again;
}
