// @vitest-environment jsdom
import './texts.js';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { EndlessList } from '../../studio/web/components/endless-list.js';
import { dayName, runCard, variantTile } from '../../studio/web/components/run-card.js';
import { relabel } from '../../studio/web/components/variant-dialog.js';
import { variantFacts } from '../../studio/web/components/variant-facts.js';
import { compareVariants, zoomVariant } from '../../studio/web/components/variant-lightbox.js';
import { element } from '../../studio/web/lib/dom.js';
import {
  addressOf,
  apiQuery,
  isFiltered,
  searchState,
} from '../../studio/web/lib/history-address.js';

/** @import { Variant } from '../../studio/web/components/variant-facts.js' */

/**
 * @param {Partial<Variant>} [changes]
 * @returns {Variant}
 */
function variant(changes = {}) {
  return {
    id: 7,
    slot: 'B',
    theme: 'spring',
    version: 2,
    prompt: 'a red <b>dress</b>',
    user_prompt: null,
    theme_prompt: null,
    prompt_tokens: 9,
    negative_prompt: '',
    seed: 5,
    request_seed: 5,
    notes: [],
    selected: false,
    models: ['pocket-ink'],
    recipe: {
      base_model: { name: 'pocket-ink' },
      vae: null,
      sampler: 'Euler a',
      schedule_type: 'Karras',
      steps: 14,
      guidance_scale: 6,
      guidance_rescale: 0,
      guidance_end_fraction: 1,
      clip_skip: 1,
      denoising_strength: 0.56,
      width: 512,
      height: 384,
      loras: [{ model: { name: 'pocket-neon' }, weight: 0.8 }],
      control_units: [
        {
          model: { name: 'pocket-scribble' },
          preprocessor: 'scribble',
          weight: 0.7,
          start: 0,
          end: 0.5,
        },
      ],
      references: [{ model: { name: 'plus' }, purpose: 'style', weight: 0.6, start: 0, end: 0.75 }],
      mask: { area: 'off', grow: 16, feather: 8, keep_face: false, keep_hands: false },
      upscale: { enabled: false, upscaler: 'Latent', scale_factor: 2, denoising_strength: 0.7 },
      face_repair: { enabled: false, denoising_strength: 0.4 },
    },
    request_id: '0'.repeat(32),
    render_seconds: 2.5,
    created_at: '2026-11-27T10:30:00Z',
    image: '/i.png',
    thumbnail: '/i.webp',
    doodle: null,
    base_image: 'mia',
    starred: false,
    tags: [],
    collections: [],
    ...changes,
  };
}

describe("the history's address", () => {
  test('has what is filtered, and the view where it is not by run', () => {
    const state = new URLSearchParams({ view: 'runs', text: 'red dress', starred: 'true' });
    expect(addressOf(state)).toBe('?text=red+dress&starred=true');
    expect(addressOf(new URLSearchParams({ view: 'runs' }))).toBe('');
    expect(addressOf(new URLSearchParams({ view: 'images' }))).toBe('?view=images');
    expect(String(apiQuery(state))).toBe('text=red+dress&starred=true');
    expect([isFiltered(state), isFiltered(new URLSearchParams({ view: 'images' }))]).toEqual([
      true,
      false,
    ]);
  });

  test.each([
    ['Asia/Shanghai', '2026-11-27', '2026-11-26T16:00:00.000Z', '2026-11-27T16:00:00.000Z'],
    ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
    ['America/New_York', '2026-12-31', '2026-12-31T05:00:00.000Z', '2027-01-01T05:00:00.000Z'],
    ['UTC', 'yesterday', 'yesterday', 'yesterday'],
  ])("has days, of which the API gets the reader's bounds (%s, %s)", (zone, day, start, end) => {
    vi.stubEnv('TZ', zone);
    const state = new URLSearchParams({ created_after: day, created_before: day });
    expect(addressOf(state)).toBe(`?created_after=${day}&created_before=${day}`);
    const query = apiQuery(state);
    expect([query.get('created_after'), query.get('created_before')]).toEqual([start, end]);
    vi.unstubAllEnvs();
  });

  test('comes from the filters of a saved search that are set', () => {
    const filters = { text: 'red', starred: true, tag: null, theme: null, id: 5 };
    expect(String(searchState(filters))).toBe('text=red&starred=true');
  });
});

test('a day is named as one says it', () => {
  const now = new Date(2026, 10, 27, 0, 5);
  expect(dayName(new Date(2026, 10, 27, 0, 1).toISOString(), now)).toBe('Today');
  expect(dayName(new Date(2026, 10, 26, 23, 59).toISOString(), now)).toBe('Yesterday');
  expect(dayName(new Date(2026, 10, 25).toISOString(), now)).toBe('Wednesday, November 25, 2026');
});

test('facts have the weights of LoRAs and control units, and nothing that is off', () => {
  const facts = new Map(
    variantFacts(variant()).map(([name, value]) => [
      name,
      value instanceof Node ? value.textContent : String(value),
    ]),
  );
  expect(facts.get('LoRAs')).toBe('pocket-neon · 0.8');
  expect(facts.get('ControlNet units')).toBe('pocket-scribble · scribble · 0.7 · 0–0.5');
  expect(facts.get('References')).toBe('plus · Style · 0.6 · 0–0.75');
  expect(facts.get('Prompt')).toBe('a red <b>dress</b>');
  expect(facts.get('Size')).toBe('512 × 384');
  expect([...facts.keys()]).not.toContain('Negative prompt');
  expect([...facts.keys()]).not.toContain('Face repair');
});

test('facts have the drift where it was measured, and what it was before it was corrected', () => {
  const measured = {
    ...{ shift_x: -3, shift_y: 4, zoom: 1.0123, tint: 4.2, change_median: 2, change_p95: 8.25 },
    ...{ changed_share: 0.123, face_similarity: 0.871 },
  };
  const text =
    'Shift 5 px · Zoom 101.2% · Tint ΔE 4.2 · Outside the area: ΔE 2, 95% within 8.3, 12% changed';
  const facts = new Map(variantFacts(variant({ drift: measured })));
  expect(facts.get('Drift')).toBe(`${text} · Face similarity 0.87`);
  expect(facts.has('Drift before correction')).toBe(false);
  const unknown = { ...measured, shift_x: null, shift_y: null, zoom: null, face_similarity: null };
  const before = new Map(variantFacts(variant({ drift: measured, drift_before: unknown })));
  expect(before.get('Drift before correction')).toMatch(/^Shift not measurable · Tint ΔE 4.2 · O/);
});

test('labels are changed as the server changes them', () => {
  const starred = variant({ tags: ['red'] });
  relabel(starred, 'star', '', true);
  relabel(starred, 'tag', 'gold', true);
  relabel(starred, 'tag', 'gold', true);
  relabel(starred, 'collection', 'best', true);
  relabel(starred, 'collection', 'best', false);
  expect([starred.starred, starred.tags, starred.collections]).toEqual([true, ['gold', 'red'], []]);
});

test('a run has a place for each of its four images, also for those that are not there', () => {
  const run = { request_id: '0'.repeat(32), client: 'studio', variants: [variant()] };
  const card = runCard(run, { baseImages: { mia: '/mia.png' }, themes: { spring: 'Spring' } });
  const places = [...card.children].map((each) => each.className);
  expect(places).toEqual(['doodle', 'missing', 'tile', 'missing', 'missing', 'about']);
  expect(card.textContent).toContain('Spring · version 2');
  expect(card.querySelector('b b')).toBeNull();
});

test('an image that was picked says so', () => {
  expect(variantTile(variant({ selected: true })).querySelector('.picked')?.textContent).toBe(
    'Picked',
  );
  expect(variantTile(variant()).querySelector('.picked')).toBeNull();
});

describe('the lightbox of the history', () => {
  beforeEach(() => {
    document.body.replaceChildren();
    vi.stubGlobal(
      'ResizeObserver',
      class {
        observe() {}
        disconnect() {}
      },
    );
    vi.stubGlobal('matchMedia', () => ({ matches: false }));
    HTMLDialogElement.prototype.showModal = vi.fn();
  });
  const shown = () =>
    [...document.querySelectorAll('.pane')].map((pane) => pane.querySelector('img')?.alt);
  const baseImages = { mia: '/mia.png' };

  test('compares images of any runs side by side, each under a name of its own', () => {
    compareVariants([variant({ seed: 5 }), variant({ seed: 6, version: null })], baseImages);
    expect(shown()).toEqual([
      'B · spring v2 · Seed 5 · Denoising strength 0.56',
      'B · spring · Seed 6 · Denoising strength 0.56',
    ]);
  });

  test('shows an image among those of its run, with the doodle over its base image', () => {
    const all = ['A', 'B'].map((slot) => variant({ slot, doodle: '/d.webp' }));
    zoomVariant(all[1], all, baseImages);
    expect(shown()).toEqual(['B']);
    const strip = [...document.querySelectorAll('.lightbox-strip img')];
    expect(strip.map((image) => image.getAttribute('src'))).toEqual([
      ...['/i.png', '/i.png', '/d.webp?size=768'],
    ]);
    expect(strip[2].getAttribute('style')).toContain('/mia.png');
  });
});

describe('a list that loads as one scrolls', () => {
  /** @type {((entries: { isIntersecting: boolean }[]) => void)[]} */
  const observers = [];

  beforeEach(() => {
    observers.length = 0;
    vi.useFakeTimers();
    document.body.replaceChildren(element('p', { id: 'error' }));
    class Observer {
      /** @param {(entries: { isIntersecting: boolean }[]) => void} callback */
      constructor(callback) {
        observers.push(callback);
      }
      observe() {}
      unobserve() {}
    }
    vi.stubGlobal('IntersectionObserver', Observer);
  });

  const scroll = () => observers[0]([{ isIntersecting: false }, { isIntersecting: true }]);

  test('asks for page after page, each once, and again after an error', async () => {
    const asked = /** @type {(number | null)[]} */ ([]);
    const shown = /** @type {number[]} */ ([]);
    let isAway = true;
    const list = new EndlessList(
      element('div'),
      async (cursor) => {
        asked.push(cursor);
        if (cursor === 8 && isAway) {
          isAway = false;
          throw new Error('away');
        }
        const first = cursor ?? 10;
        return { items: [first - 1, first - 2], next_cursor: first > 8 ? first - 2 : null };
      },
      (items) => shown.push(...items),
    );
    await list.reset();
    scroll();
    scroll();
    await vi.waitFor(() => expect(document.body.textContent).toBe('away'));
    await vi.advanceTimersByTimeAsync(3000);
    expect(asked).toEqual([null, 8, 8]);
    expect(shown).toEqual([9, 8, 7, 6]);
    expect([list.items, list.hasMore, document.body.textContent]).toEqual([
      [9, 8, 7, 6],
      false,
      '',
    ]);
    scroll();
    expect(asked.length).toBe(3);
  });

  test('forgets what was asked before it was reset', async () => {
    /** @type {((value: { items: string[], next_cursor: null }) => void)[]} */
    const answers = [];
    const list = new EndlessList(
      element('div'),
      () => new Promise((resolve) => answers.push(resolve)),
      () => {},
    );
    list.reset();
    const second = list.reset();
    answers[1]({ items: ['new'], next_cursor: null });
    answers[0]({ items: ['old'], next_cursor: null });
    await second;
    expect(list.items).toEqual(['new']);
  });
});
