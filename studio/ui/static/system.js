// System: runs under way, what the engine holds, versions, the log's tail.
import { watchChores } from './chores.js';
import { answer, element, fill, megabytes, repeatedly, row, said, t } from './pages.js';

const TIERS = { base_models: t('page.system.base_models'), controlnets: t('page.system.controlnets'), vaes: t('page.system.vaes') };
const CACHES = {
  embeddings: t('page.system.prompt_embeddings'), latents: t('page.system.start_latents'), maps: t('page.system.control_maps'),
  lora_files: t('page.system.lora_files'),
};
const WHERE = { device: t('page.models.on_the_device'), ram: t('page.models.in_ram') };
const ENDED = {
  done: 'page.system.ended_done', failed: 'page.system.ended_failed', withheld: 'page.system.ended_withheld',
  cancelled: 'page.system.ended_cancelled', expired: 'page.system.ended_expired',
};

function tierRow(name, status) {
  const held = status.residents.map((each) => element('div', {}, said(each.key), ' ', element('span', {}, WHERE[each.tier]),
    ' ', element('b', {}, each.pinned ? t('page.system.in_use') : '')));
  const bytes = status.residents.reduce((sum, each) => sum + each.bytes, 0);
  return row(name, held.length ? element('div', {}, ...held) : t('page.none'), megabytes(bytes), status.device_hits + status.ram_hits, status.misses);
}

function cacheRow(name, status) {
  return row(name, status.entries, t('page.system.bytes_of_limit', { bytes: megabytes(status.bytes), limit: megabytes(status.limit) }), status.hits, status.misses);
}

function showQueue({ waiting, running, ended, seconds }) {
  const ends = Object.entries(ended).map(([state, count]) => t(ENDED[state], { count }));
  document.querySelector('#queue').textContent = t('page.system.queue', { running, ended: ends.length ? ends : t('page.none') });
  const queued = waiting.map((each) => row(said(each.model), each.turn, each.count, each.oldest.toFixed(1)));
  fill(document.querySelector('#waiting'), queued, t('page.system.nothing_waits'));
  const means = Object.entries(seconds).map(([model, each]) => row(said(model), ...['wait', 'render', 'load'].map((what) => each[what]?.toFixed(2))));
  fill(document.querySelector('#seconds'), means);
}

async function show() {
  const system = await answer(await fetch('/system/status'));
  const runs = system.under_way.map((each) => {
    const link = element('a', { href: `/?run=${each.run}` }, each.run.slice(0, 8));
    return element('li', {}, link, ' ', t('page.system.open_slots', { preset: each.preset, slots: each.open }));
  });
  document.querySelector('#runs').replaceChildren(...(runs.length ? runs : [element('li', { className: 'nothing' }, t('page.nothing'))]));
  showQueue(system.queue);
  const { engine } = system;
  fill(document.querySelector('#engine'), engine ? [
    ...Object.entries(TIERS).map(([key, name]) => tierRow(name, engine[key])),
    ...Object.entries(CACHES).map(([key, name]) => cacheRow(name, engine[key])),
  ] : [], t('page.system.engine_unused'));
  document.querySelector('#versions').replaceChildren(
    ...Object.entries(system.versions).map(([name, number]) => row(said(name), said(number))),
    row(t('page.system.device'), said(system.device)),
    row(t('page.system.data_directory'), said(system.home)),
    row(t('page.system.disk'), t('page.system.disk_free', { free: megabytes(system.disk_free), total: megabytes(system.disk_total) })),
  );
  document.querySelector('#log').replaceChildren(system.log.length ? said(system.log.join('\n')) : t('page.system.nothing_logged'));
}

watchChores(document.querySelector('#chores'));
await repeatedly(2, show);
