// @vitest-environment jsdom
import './texts.js';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { STORAGE_KEYS } from '../../studio/web/lib/storage.js';
import { CardView } from '../../studio/web/results/card.js';
import { exampleUrl } from '../../studio/web/results/first-run.js';
import { mountPromptBar, promptCount, toggleSeed } from '../../studio/web/results/prompt-bar.js';
import { PromptLanguage } from '../../studio/web/results/prompt-language.js';
import { ResultGrid } from '../../studio/web/results/result-grid.js';
import { MAX_DRAWINGS, RunDrawings } from '../../studio/web/results/run-drawings.js';
import {
  emptyCard,
  loseUnfinished,
  metricText,
  percent,
  statusText,
  uniformRun,
} from '../../studio/web/results/run-state.js';
import {
  digest,
  isEarlier,
  settingsOf,
  settingsOfVariants,
} from '../../studio/web/results/settings.js';
import { MAX_RUNS, StoredRuns } from '../../studio/web/results/stored-runs.js';
import { warmUpText } from '../../studio/web/results/warm-up.js';
import { mountKeyCommands } from '../../studio/web/shell/key-commands.js';

/**
 * @import { Variant } from '../../studio/web/components/variant-facts.js'
 * @import { Card, Run } from '../../studio/web/results/run-state.js'
 */

customElements.define('result-grid', ResultGrid);

/**
 * @param {Partial<Card>} changes
 * @returns {Card}
 */
const card = (changes) => ({ ...emptyCard('queued'), ...changes });
const done = card({
  ...{
    state: 'done',
    image: '/image.png',
    seed: '9',
    request_seed: '7',
    seconds: 3.94,
    tokens: 12,
  },
});
/**
 * @param {Partial<Run>} changes
 * @returns {Run}
 */
const makeRun = (changes) => ({
  ...uniformRun('ended', 'done'),
  ...{ id: 'r1', theme: 'first-light', names: { A: 'Ink' } },
  cards: { A: done, B: done, C: done, D: done },
  ...changes,
});

describe('a card says what its job does', () => {
  test.each([
    [card({}), 0, 'Queued'],
    [card({}), 1, 'Queued: 1 run ahead of this one'],
    [card({}), 3, 'Queued: 3 runs ahead of this one'],
    [
      card({ state: 'loading', text: 'Loading pocket-ink (about 10 s)' }),
      0,
      'Loading pocket-ink (about 10 s)',
    ],
    [card({ state: 'step', done: 3, total: 12 }), 0, 'Step 3 of 12'],
    [card({ state: 'step', done: 3, total: 12, seconds_left: 4 }), 0, 'Step 3 of 12 · about 4 s'],
    [done, 0, '3.9 s'],
    [card({ state: 'cancelled' }), 0, 'Stopped'],
  ])('%#', (shown, before, text) => {
    expect(statusText(shown, before)).toBe(text);
  });

  test('in steps of all its steps', () => {
    expect([card({}), card({ done: 3, total: 12 }), done].map(percent)).toEqual([0, 25, 100]);
  });

  test('also where the connection is lost', () => {
    const { cards } = loseUnfinished(makeRun({ cards: { A: done, B: card({ state: 'step' }) } }));
    expect([cards.A, cards.B.state, cards.B.text]).toEqual([done, 'lost', 'Connection lost']);
  });
});

test('metrics are words with their scale', () => {
  const { text, about } = metricText({ name: 'color_error', value: 25.83, level: 'low' });
  expect(text).toBe('Color match: low (ΔE 25.8)');
  expect(about).toContain('Good: below 12.');
  expect(metricText({ name: 'diversity', value: 16, level: 'good' }).text).toBe(
    'Variety: good (16)',
  );
  expect(metricText({ name: 'seed_diversity', value: 4, level: '' }).text).toBe('Seeds alone: 4');
});

describe('what made an image', () => {
  const draft = (/** @type {object} */ changes) =>
    JSON.stringify({
      preset: { slug: 's', theme_prompt: 'ink', recipes: { A: { steps: 3 }, B: { steps: 4 } } },
      ...{ base_image_id: 'mia', user_prompt: 'red', ...changes },
    });
  const made = settingsOf(draft({}), 'drawing');

  test('is compared by recipe', () => {
    const recipes = { A: { steps: 9 }, B: { steps: 4 } };
    const now = settingsOf(
      draft({ preset: { slug: 's', theme_prompt: 'ink', recipes } }),
      'drawing',
    );
    expect([isEarlier(made, now, 'A'), isEarlier(made, now, 'B')]).toEqual([true, false]);
  });

  test('is another with another prompt or drawing, and the same once that is undone', () => {
    expect(isEarlier(made, settingsOf(draft({ user_prompt: 'blue' }), 'drawing'), 'A')).toBe(true);
    expect(isEarlier(made, settingsOf(draft({}), 'other'), 'A')).toBe(true);
    expect(isEarlier(made, settingsOf(draft({}), 'drawing'), 'A')).toBe(false);
    expect(isEarlier(null, made, 'A')).toBe(false);
    expect(digest('a')).not.toBe(digest('b'));
  });

  test('is the same as the server has stored it, but for names and hashes', () => {
    const recipe = { base_model: { sha256: 'ab', name: 'ink' }, steps: 3, name: 'Ink' };
    const stored = (/** @type {object} */ changes) =>
      settingsOfVariants(
        /** @type {Variant[]} */ (
          /** @type {unknown} */ ([
            { slot: 'A', theme_prompt: 'ink', user_prompt: 'a red', doodle: '/d', ...changes },
          ])
        ),
      );
    const now = settingsOf(
      draft({
        preset: {
          ...{ slug: 's', theme_prompt: 'ink' },
          recipes: { A: { name: '', steps: 3, base_model: { name: 'ink', sha256: null } } },
        },
        user_prompt: ' a  red ',
      }),
      'drawing',
    );
    const made = { base_image: 'mia', recipe };
    expect(isEarlier(stored(made), now, 'A')).toBe(false);
    expect(isEarlier(stored({ ...made, recipe: { ...recipe, steps: 4 } }), now, 'A')).toBe(true);
    expect(isEarlier(stored({ ...made, base_image: 'noah' }), now, 'A')).toBe(true);
    expect(isEarlier(stored({ ...made, doodle: null }), now, 'A')).toBe(true);
    const unknown = { theme_prompt: null, user_prompt: null, base_image: 'noah', recipe };
    expect(isEarlier(stored(unknown), now, 'A')).toBe(false);
  });
});

/**
 * @param {string} id
 * @param {object} [changes] to each of its variants
 */
const storedVariants = (id, changes = {}) => ({
  variants: ['A', 'B'].map((slot) => ({
    ...{ request_id: id, slot, theme: 'first-light', created_at: '2026-11-27T10:30:00Z' },
    ...{ image: `/${id}-${slot}.png`, thumbnail: `/${id}-${slot}.webp`, doodle: '/d.webp' },
    ...{ base_image: 'mia', seed: 9, request_seed: 7, render_seconds: 3.9, prompt_tokens: 12 },
    ...{ notes: [], selected: slot === 'B', prompt: 'ink, red', user_prompt: 'red' },
    ...{ theme_prompt: 'ink', recipe: { name: slot, steps: 3, base_model: { sha256: 'ab' } } },
    ...changes,
  })),
});
/** @param {readonly object[]} runs newest first */
const answerWith = (runs) =>
  vi.stubGlobal(
    'fetch',
    vi.fn(async () => new Response(JSON.stringify({ runs, next_cursor: null }))),
  );

describe('the runs of a theme', () => {
  const load = async (/** @type {StoredRuns} */ runs) => runs.load('first-light', () => '/mia.png');

  test('come from the server, oldest first, as cards', async () => {
    answerWith([storedVariants('r2'), storedVariants('r1')]);
    const runs = new StoredRuns();
    await load(runs);
    expect(String(vi.mocked(fetch).mock.calls[0][0])).toBe(
      `/api/v1/variants/runs?theme=first-light&client=studio&limit=${MAX_RUNS}`,
    );
    expect(runs.of('first-light').map(({ run }) => run.id)).toEqual(['r1', 'r2']);
    expect(runs.of('picnic')).toEqual([]);
    const { run, drawing } = runs.of('first-light')[0];
    expect(run).toMatchObject({ prompt: 'red', selected_slot: 'B', names: { A: 'A' } });
    expect(run.cards.A).toMatchObject({
      state: 'done',
      seed: '9',
      request_seed: '7',
      seconds: 3.9,
    });
    expect(run.cards.C.text).toContain('Not finished');
    expect(drawing).toEqual({ src: '/d.webp?size=768', under: '/mia.png' });
  });

  test('are those that the page has followed as well, with what the store does not know', async () => {
    const runs = new StoredRuns();
    const metrics = [{ name: 'diversity', value: 3, level: 'low' }];
    const followed = { settings: null, drawing: null, ended_at: Date.now() + 1000 };
    runs.put({ ...followed, run: makeRun({ id: 'r2', metrics }) });
    expect(runs.of('first-light').map(({ run }) => run.id)).toEqual(['r2']);
    answerWith([storedVariants('r1')]);
    await load(runs);
    expect(runs.of('first-light').map(({ run }) => run.id)).toEqual(['r1', 'r2']);
    answerWith([storedVariants('r2'), storedVariants('r1')]);
    await load(runs);
    expect(runs.get('r2')?.run.metrics).toEqual(metrics);
    runs.pick('r2', 'A');
    expect(runs.get('r2')?.run.selected_slot).toBe('A');
  });

  test('have the metrics that the server computes, which is asked once', async () => {
    const runs = new StoredRuns();
    const metrics = [{ name: 'diversity', value: 3, level: 'low' }];
    vi.stubGlobal(
      'fetch',
      vi.fn(async () => Response.json(metrics)),
    );
    const stored = makeRun({ phase: 'stored' });
    expect(runs.withMetrics(stored).metrics).toEqual([]);
    expect([await runs.loadMetrics(stored), await runs.loadMetrics(stored)]).toEqual([true, false]);
    expect(vi.mocked(fetch).mock.calls.map(([url]) => String(url))).toEqual([
      '/api/v1/variants/runs/r1/metrics',
    ]);
    expect(runs.withMetrics(stored).metrics).toEqual(metrics);
    for (const other of [
      makeRun({ id: 'r2' }),
      makeRun({ id: 'r3', phase: 'stored', cards: { A: done, B: emptyCard('failed') } }),
    ])
      expect(await runs.loadMetrics(other)).toBe(false);
    expect(fetch).toHaveBeenCalledOnce();
  });

  test('that were deleted meanwhile are gone', async () => {
    const runs = new StoredRuns();
    runs.put({ settings: null, drawing: null, ended_at: 5, run: makeRun({ id: 'r2' }) });
    answerWith([]);
    await load(runs);
    expect(runs.of('first-light')).toEqual([]);
  });
});

test('the drawings of this browser are known after a reload, the newest of them', () => {
  localStorage.clear();
  const drawings = new RunDrawings(() => localStorage);
  for (let number = 0; number <= MAX_DRAWINGS; number += 1) drawings.note(`r${number}`, 'x');
  const again = new RunDrawings(() => localStorage);
  expect([again.has('r0'), again.get('r1'), again.get('other')]).toEqual([false, 'x', null]);
  const blocked = new RunDrawings(() => {
    throw new DOMException('blocked');
  });
  blocked.note('r1', 'y');
  expect(blocked.get('r1')).toBe('y');
});

describe('a card', () => {
  test('shows its image with what can be done', () => {
    const onAct = vi.fn();
    const view = new CardView('A', onAct);
    view.show(makeRun({ selected_slot: 'A' }), { isEarlier: true, example: '' });
    const { element } = view;
    expect(element.className).toBe('card card-done card-picked');
    expect([element.dataset.seed, element.ariaLabel]).toEqual(['7', 'Variant A · Ink']);
    expect(element.querySelector('.card-tag')?.textContent).toBe('Earlier settings');
    expect(element.querySelector('.card-acts a')?.getAttribute('download')).toBe('variant-A-9.png');
    for (const button of element.querySelectorAll('button')) button.click();
    expect(onAct.mock.calls.map(([act]) => act)).toEqual([
      'open',
      'open',
      'compare',
      'pick',
      'seed',
      'edit',
    ]);
  });

  test('says why there is no image, as text', () => {
    const view = new CardView('B', vi.fn());
    const reason = '<script>alert(1)</script>';
    const failed = card({ state: 'failed', text: reason });
    view.show(makeRun({ cards: { B: failed } }), { isEarlier: false, example: '' });
    expect(view.element.querySelector('[role=alert]')?.textContent).toBe(reason);
    expect(view.element.querySelector('script')).toBeNull();
  });

  test('has a chip for a drift beyond its limit, and is quiet otherwise', () => {
    const view = new CardView('A', vi.fn());
    const drift = {
      ...{ shift_x: 3, shift_y: 4, zoom: 1, tint: 0.5, change_median: 1, change_p95: 2 },
      ...{ changed_share: 0, face_similarity: null },
    };
    const chips = (/** @type {Partial<Card>} */ changes) => {
      const cards = { A: { ...done, drift, ...changes } };
      view.show(makeRun({ cards }), { isEarlier: false, example: '' });
      return [...view.element.querySelectorAll('.card-drift:not([hidden]) .chip')];
    };
    expect(chips({ drift_exceeded: ['shift'] }).map((chip) => chip.textContent)).toEqual([
      'Shift 5 px',
    ]);
    expect(chips({ drift_exceeded: ['shift'] })[0].getAttribute('title')).toContain('Zoom 100%');
    expect(chips({})).toEqual([]);
    expect(chips({ drift: null })).toEqual([]);
  });

  test('shows an example only until there is a run', () => {
    const view = new CardView('C', vi.fn());
    const example = exampleUrl('first-light', 'C');
    view.show(uniformRun('idle', 'idle'), { isEarlier: false, example });
    expect(view.element.querySelector('.example')?.getAttribute('src')).toBe(example);
    expect(exampleUrl('my-theme', 'C')).toBe('');
  });
});

test('the warm-up says what it does and for how long', () => {
  const texts = /** @type {const} */ (['renderer', 'model', 'done']).map((state) =>
    warmUpText({ state, model: 'pocket-ink', seconds: 3.4 }),
  );
  expect(texts).toEqual(['Starting the renderer (3 s)', 'Loading pocket-ink (3 s)', '']);
});

describe('the grid', () => {
  beforeEach(() => {
    sessionStorage.clear();
    localStorage.clear();
    answerWith([]);
    document.body.replaceChildren(new ResultGrid());
  });
  const grid = () => /** @type {ResultGrid} */ (document.querySelector('result-grid'));
  const states = () =>
    [...grid().querySelectorAll('.card')].map((it) => it.getAttribute('data-state'));

  test('says what starts at once, and shows the run before where it does not', () => {
    grid().run = makeRun({});
    grid().start();
    expect(states()).toEqual(Array(4).fill('starting'));
    grid().run = uniformRun('refused', 'idle');
    expect(states()).toEqual(Array(4).fill('done'));
  });

  test('says of each variant that it is ready, without interrupting', () => {
    const cards = { A: done, B: card({}), C: card({}), D: card({}) };
    grid().run = makeRun({ phase: 'running', cards });
    expect(grid().querySelector('[role=status]')?.textContent).toBe('Variant A is ready.');
  });

  test('flips through the runs before', () => {
    const later = () => vi.setSystemTime(Date.now() + 1000);
    vi.useFakeTimers({ toFake: ['Date'] });
    grid().run = makeRun({ id: 'r1' });
    later();
    grid().run = makeRun({
      id: 'r2',
      cards: { ...makeRun({}).cards, D: card({ state: 'failed' }) },
    });
    const runs = grid().querySelectorAll('.strip-runs button');
    expect([...runs].map((it) => it.getAttribute('aria-pressed'))).toEqual(['true', 'false']);
    expect(states()[3]).toBe('failed');
    if (runs[1] instanceof HTMLElement) runs[1].click();
    expect(states()[3]).toBe('done');
    if (runs[1] instanceof HTMLElement) runs[1].focus();
    runs[1].dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }));
    expect(states()[3]).toBe('failed');
    later();
    grid().run = makeRun({ id: 'r3' });
    expect(grid().querySelectorAll('.strip-runs button')[0].getAttribute('aria-pressed')).toBe(
      'true',
    );
    vi.useRealTimers();
  });

  test('shows the latest run of this browser again after a reload, and none of others', async () => {
    sessionStorage.setItem(
      STORAGE_KEYS.lastDraft,
      JSON.stringify({ preset: { slug: 'first-light', recipes: {} } }),
    );
    answerWith([storedVariants('r2'), storedVariants('r1')]);
    await grid().refresh();
    expect(grid().querySelectorAll('.strip-runs button')).toHaveLength(2);
    expect(states()).toEqual(Array(4).fill('idle'));
    localStorage.setItem(STORAGE_KEYS.runDrawings, '[["r1", "x"]]');
    document.body.replaceChildren(new ResultGrid());
    await grid().refresh();
    expect(states()).toEqual(['done', 'done', 'failed', 'failed']);
    expect(grid().takeRunToContinue()).toBe('r1');
  });

  test('shows the doodle on every card while D is held', () => {
    grid().run = makeRun({});
    const press = (/** @type {string} */ type) =>
      document.body.dispatchEvent(new KeyboardEvent(type, { key: 'd', bubbles: true }));
    const doodles = () => grid().querySelectorAll('.card-doodle:not([hidden])');
    const canvas = { getPng: () => '/doodle.png' };
    document.body.append(Object.assign(document.createElement('doodle-canvas'), canvas));
    press('keydown');
    expect(doodles()).toHaveLength(4);
    expect(doodles()[0].querySelector('img')?.getAttribute('src')).toBe('/doodle.png');
    press('keyup');
    expect(doodles()).toHaveLength(0);
  });

  test('stores a pick on the server, and takes it back where that fails', async () => {
    grid().run = makeRun({});
    const answer = vi.fn(async () => new Response('{}'));
    vi.stubGlobal('fetch', answer);
    const pick = grid().querySelector('#card-B [data-action=pick]');
    if (pick instanceof HTMLElement) pick.click();
    await vi.waitFor(() => expect(answer).toHaveBeenCalledOnce());
    expect(answer.mock.calls[0]).toMatchObject([
      '/api/v1/variants/selections/r1',
      { method: 'PUT', body: '{"slot":"B"}' },
    ]);
    expect(grid().querySelector('.card-picked')?.id).toBe('card-B');
    answer.mockImplementation(async () => new Response('{"detail":"Away."}', { status: 503 }));
    if (pick instanceof HTMLElement) pick.click();
    expect(grid().querySelector('.card-picked')).toBeNull();
    await vi.waitFor(() => expect(grid().querySelector('.card-picked')?.id).toBe('card-B'));
    expect(grid().querySelector('[role=status]')?.textContent).toBe('Away.');
  });

  test('answers keys: a number focuses a card, where nobody types', () => {
    grid().run = makeRun({});
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '3', bubbles: true }));
    expect(document.activeElement?.closest('.card')?.id).toBe('card-C');
    const field = document.body.appendChild(document.createElement('input'));
    field.focus();
    field.dispatchEvent(new KeyboardEvent('keydown', { key: '1', bubbles: true }));
    expect(document.activeElement).toBe(field);
  });
});

describe('the prompt bar', () => {
  test('counts a prompt once it gets long', () => {
    expect([promptCount('a dress'), promptCount('x'.repeat(412))]).toEqual(['', '412 / 500']);
  });

  test('says which recipes do not read the script of the prompt', () => {
    const language = new PromptLanguage();
    const announce = (/** @type {string[]} */ slots) =>
      document.dispatchEvent(new CustomEvent('english-only', { detail: slots }));
    language.show('红色的裙子');
    expect(language.element.textContent).toBe('');
    announce(['A', 'C']);
    expect(language.element.textContent).toContain('A, C: the base model reads English only.');
    language.show('a crème dress, 50 % ☀');
    expect(language.element.textContent).toBe('');
    language.show('красное платье');
    expect(language.element.textContent).toContain('A, C');
    announce([]);
    expect(language.element.textContent).toBe('');
  });

  test('has a dice between a random seed and the last one', () => {
    document.body.replaceChildren(new ResultGrid());
    expect([toggleSeed(-1), toggleSeed(5)]).toEqual([-1, -1]);
    const grid = /** @type {ResultGrid} */ (document.querySelector('result-grid'));
    grid.run = makeRun({});
    expect([toggleSeed(-1), toggleSeed(5)]).toEqual([7, -1]);
  });

  test('starts by Ctrl+Enter from anywhere, stops by Escape, and asks before an empty doodle', () => {
    vi.useFakeTimers();
    sessionStorage.clear();
    document.body.innerHTML = `<div id="run-bar"><div id="user-prompt"><textarea></textarea></div>
      <div id="seed"><input value="-1"></div><button id="random-seed"></button>
      <button id="generate"></button><button id="stop"></button></div>
      <div class="sketch"></div>`;
    document.body.append(new ResultGrid());
    mountPromptBar();
    mountKeyCommands();
    const grid = /** @type {ResultGrid} */ (document.querySelector('result-grid'));
    const sketch = Object.assign(document.querySelector('.sketch') ?? {}, { isEmpty: true });
    const press = (/** @type {KeyboardEventInit} */ init) =>
      document.body.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, ...init }));
    press({ key: 'Enter', ctrlKey: true });
    const question = document.querySelector('.empty-doodle');
    expect([question?.hasAttribute('hidden'), grid.run.phase]).toEqual([false, 'idle']);
    sketch.isEmpty = false;
    press({ key: 'Enter', ctrlKey: true });
    expect([question?.hasAttribute('hidden'), grid.run.phase]).toEqual([true, 'starting']);
    const onStop = vi.fn();
    document.querySelector('#stop')?.addEventListener('click', onStop);
    press({ key: 'Escape' });
    expect(onStop).toHaveBeenCalledOnce();
    expect(document.querySelector('#seed')?.getAttribute('data-random')).toBe('Random');
    vi.useRealTimers();
  });
});
