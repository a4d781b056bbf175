// @vitest-environment jsdom
import './texts.js';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { CardView } from '../../studio/web/results/card.js';
import { exampleUrl } from '../../studio/web/results/first-run.js';
import { mountPromptBar, promptCount, toggleSeed } from '../../studio/web/results/prompt-bar.js';
import { ResultGrid } from '../../studio/web/results/result-grid.js';
import {
  emptyCard,
  loseUnfinished,
  metricText,
  percent,
  statusText,
  uniformRun,
} from '../../studio/web/results/run-state.js';
import { MAX_RUNS, SessionRuns } from '../../studio/web/results/session-runs.js';
import { digest, isEarlier, settingsOf } from '../../studio/web/results/settings.js';
import { mountKeyCommands } from '../../studio/web/shell/key-commands.js';

/** @import { Card, Run } from '../../studio/web/results/run-state.js' */

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
});

describe('the runs of a tab', () => {
  beforeEach(() => sessionStorage.clear());
  const put = (/** @type {SessionRuns} */ runs, /** @type {Partial<Run>} */ changes) =>
    runs.put({ run: makeRun(changes), settings: null, ended_at: 5 });

  test('survive a reload, by theme, the newest of them', () => {
    const runs = new SessionRuns(sessionStorage);
    for (let number = 0; number <= MAX_RUNS; number += 1) put(runs, { id: `r${number}` });
    put(runs, { id: 'other', theme: 'picnic' });
    const again = new SessionRuns(sessionStorage).of('first-light');
    expect(again).toHaveLength(MAX_RUNS - 1);
    expect(again[0].run.id).toBe('r2');
  });

  test('are each there once, with what is known of them', () => {
    const runs = new SessionRuns(sessionStorage);
    runs.put({ run: makeRun({}), settings: { shared: 'x', recipes: {} }, ended_at: 5 });
    put(runs, { selected_slot: 'B' });
    expect(runs.of('first-light')).toEqual([
      { run: makeRun({ selected_slot: 'B' }), settings: { shared: 'x', recipes: {} }, ended_at: 5 },
    ]);
  });
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

  test('shows an example only until there is a run', () => {
    const view = new CardView('C', vi.fn());
    const example = exampleUrl('first-light', 'C');
    view.show(uniformRun('idle', 'idle'), { isEarlier: false, example });
    expect(view.element.querySelector('.example')?.getAttribute('src')).toBe(example);
    expect(exampleUrl('my-theme', 'C')).toBe('');
  });
});

describe('the grid', () => {
  beforeEach(() => {
    sessionStorage.clear();
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
    grid().run = makeRun({ id: 'r1' });
    grid().run = makeRun({
      id: 'r2',
      cards: { ...makeRun({}).cards, D: card({ state: 'failed' }) },
    });
    const runs = grid().querySelectorAll('.strip-runs button');
    expect([...runs].map((it) => it.getAttribute('aria-pressed'))).toEqual(['true', 'false']);
    expect(states()[3]).toBe('failed');
    if (runs[1] instanceof HTMLElement) runs[1].click();
    expect(states()[3]).toBe('done');
    grid().run = makeRun({ id: 'r3' });
    expect(grid().querySelectorAll('.strip-runs button')[0].getAttribute('aria-pressed')).toBe(
      'true',
    );
  });

  test('stores a pick on the server, and takes it back where that fails', async () => {
    const answer = vi.fn(async () => new Response('{}'));
    vi.stubGlobal('fetch', answer);
    grid().run = makeRun({});
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
