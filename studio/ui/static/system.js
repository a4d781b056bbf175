// System: runs under way, what the engine holds, versions, the log's tail.
import { watchChores } from './chores.js';
import { answer, element, fill, megabytes, repeatedly, row, said } from './pages.js';

const TIERS = { base_models: 'Base models', controlnets: 'ControlNets', vaes: 'VAEs' };
const CACHES = { embeddings: 'Prompt embeddings', latents: 'Start latents', maps: 'Control maps', lora_files: 'LoRA files' };
const WHERE = { device: 'on the device', ram: 'in RAM' };

function tierRow(name, status) {
  const held = status.residents.map((each) => element('div', {}, said(each.key), ' ', element('span', {}, WHERE[each.tier]),
    ' ', element('b', {}, each.pinned ? 'in use' : '')));
  const bytes = status.residents.reduce((sum, each) => sum + each.bytes, 0);
  return row(name, held.length ? element('div', {}, ...held) : 'none', megabytes(bytes), status.device_hits + status.ram_hits, status.misses);
}

function cacheRow(name, status) {
  return row(name, status.entries, `${megabytes(status.bytes)} of ${megabytes(status.limit)}`, status.hits, status.misses);
}

function showQueue({ waiting, running, ended, seconds }) {
  const ends = Object.entries(ended).map(([state, count]) => element('span', {}, state, ` ${count} `));
  document.querySelector('#queue').replaceChildren(
    element('span', {}, `${running} being drawn`), ' · ', element('span', {}, 'ended in a day'), ': ',
    ...(ends.length ? ends : [element('span', {}, 'none')]),
  );
  const queued = waiting.map((each) => row(said(each.model), each.turn, each.count, each.oldest.toFixed(1)));
  fill(document.querySelector('#waiting'), queued, 'Nothing waits.');
  const means = Object.entries(seconds).map(([model, each]) => row(said(model), ...['wait', 'render', 'load'].map((what) => each[what]?.toFixed(2))));
  fill(document.querySelector('#seconds'), means);
}

async function show() {
  const system = await answer(await fetch('/system/status'));
  const runs = system.under_way.map((each) => {
    const link = element('a', { href: `/?run=${each.run}` }, each.run.slice(0, 8));
    return element('li', {}, link, ` ${each.preset}, open: ${each.open.join(', ')}`);
  });
  document.querySelector('#runs').replaceChildren(...(runs.length ? runs : [element('li', { className: 'nothing' }, 'Nothing.')]));
  showQueue(system.queue);
  const { engine } = system;
  fill(document.querySelector('#engine'), engine ? [
    ...Object.entries(TIERS).map(([key, name]) => tierRow(name, engine[key])),
    ...Object.entries(CACHES).map(([key, name]) => cacheRow(name, engine[key])),
  ] : [], 'Nothing until the first picture.');
  document.querySelector('#versions').replaceChildren(
    ...Object.entries(system.versions).map(([name, number]) => row(said(name), said(number))),
    row('device', said(system.device)),
    row('data directory', said(system.home)),
    row('disk', `${megabytes(system.disk_free)} free of ${megabytes(system.disk_total)}`),
  );
  document.querySelector('#log').replaceChildren(system.log.length ? said(system.log.join('\n')) : 'Nothing was logged.');
}

watchChores(document.querySelector('#chores'));
await repeatedly(2, show);
