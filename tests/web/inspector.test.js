// @vitest-environment jsdom
import './texts.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import english from '../../studio/locales/en.json';
import { changeText, listChanges } from '../../studio/web/inspector/changes.js';
import {
  costText,
  englishOnly,
  presetErrors,
  presetSeconds,
} from '../../studio/web/inspector/checks.js';
import { Editor } from '../../studio/web/inspector/editor.js';
import { mountRecipeInspector, noteRequest, openTheme } from '../../studio/web/inspector/index.js';
import { STORAGE_KEYS } from '../../studio/web/lib/storage.js';
import { description, preset, saved } from './inspector-example.js';

/** @import { Preset } from '../../studio/web/inspector/types.js' */

const made = () => new Editor(description, preset(), saved());

/** @param {Preset} edited */
const told = (edited) =>
  listChanges(description, preset(), edited).map((change) =>
    changeText(change, made().field(change.path)),
  );

test('recipes with a pocket model read English only', () => {
  const editor = made();
  editor.set(['B'], 'base_model', { name: 'photo', sha256: null });
  const model = { size_bytes: 1, sha256: null, trigger_words: [], preview: null };
  const models = [
    { ...model, kind: /** @type {const} */ ('checkpoint'), name: 'pocket-ink', family: 'pocket' },
    { ...model, kind: /** @type {const} */ ('checkpoint'), name: 'photo', family: 'sd15' },
  ];
  expect(englishOnly(editor.preset, models)).toEqual(['A', 'C', 'D']);
  expect(englishOnly(editor.preset, [])).toEqual([]);
});

describe('changes', () => {
  test('are told with the place, the old and the new value', () => {
    const editor = made();
    editor.set(['A'], 'steps', 31);
    editor.set(['B'], 'upscale.enabled', true);
    editor.set(['C'], 'base_model', { name: 'pocket-water', sha256: null });
    editor.setThemePrompt('autumn');
    expect(told(editor.preset)).toEqual([
      'Theme prompt: None → autumn',
      'A, Sampling steps: 14 → 31',
      'B, Hires. fix: Off → On',
      'C, Base model: pocket-ink → pocket-water',
    ]);
  });

  test('leave out hashes of models and fields without effect', () => {
    const editor = made();
    editor.set(['A'], 'base_model', { name: 'pocket-ink', sha256: 'ab' });
    editor.set(['A'], 'upscale.scale_factor', 3);
    expect(told(editor.preset)).toEqual([]);
  });

  test('of lists are of items by their model, in any order', () => {
    const editor = made();
    editor.addItem('A', 'loras', { model: { name: 'glow', sha256: null }, weight: 1 });
    editor.removeItem('A', 'control_units', 0);
    editor.set(['A'], 'control_units.0.weight', 0.4);
    expect(told(editor.preset)).toEqual([
      'A, Control unit pose, Weight: 1.3 → 0.4',
      'A, LoRA: None → glow',
      'A, Control unit: scribble → None',
    ]);
  });

  test('are taken back one by one', () => {
    const editor = made();
    editor.set(['A'], 'steps', 31);
    editor.addItem('A', 'loras', { model: { name: 'glow', sha256: null }, weight: 1 });
    editor.removeItem('A', 'control_units', 0);
    editor.setThemePrompt('autumn');
    for (let [change] = editor.changes(); change; [change] = editor.changes()) {
      editor.revertChange(change);
    }
    expect(editor.preset).toEqual(preset());
  });
});

describe('an editor', () => {
  test('sets a field of all four where it is there', () => {
    const editor = made();
    editor.addItem('A', 'loras', { model: { name: 'glow', sha256: null }, weight: 1 });
    editor.set(['A', 'B', 'C', 'D'], 'loras.0.weight', 0.5);
    editor.set(['A', 'B', 'C', 'D'], 'steps', 9);
    expect(editor.value('A', 'loras.0.weight')).toBe(0.5);
    expect(editor.preset.recipes.B.loras).toEqual([]);
    expect(editor.value('D', 'steps')).toBe(9);
  });

  test('copies a recipe but its name, and undoes it', () => {
    const editor = made();
    editor.set(['A'], 'steps', 31);
    const before = editor.preset;
    editor.copy('A', 'C');
    expect(editor.preset.recipes.C).toEqual({ ...editor.preset.recipes.A, name: 'C' });
    editor.undo();
    expect(editor.preset).toEqual(before);
    editor.undo();
    expect(editor.preset).toEqual(before);
  });

  test('knows an invalid value by its range at once, others by the server', () => {
    const editor = made();
    editor.set(['A'], 'width', 250);
    editor.set(['B'], 'steps', null);
    const check = { tokens: { A: 1, B: 1, C: 1, D: 1 }, chunk_tokens: 75, seconds_per_step: {} };
    editor.showCheck({
      ...check,
      errors: { 'recipes.C': 'unfit', 'recipes.D.width': 'too large' },
    });
    expect([...editor.errors()]).toEqual([
      ['recipes.A.width', 'must be a multiple of 8'],
      ['recipes.B.steps', 'must be a whole number'],
      ['recipes.C', 'unfit'],
    ]);
    expect(presetErrors(description, preset()).size).toBe(0);
  });
});

test('a pass costs the steps that the engine runs', () => {
  const sections = Object.fromEntries(description.sections.map((each) => [each.id, each]));
  const { denoising, upscale } = sections;
  const recipe = { ...preset().recipes.A, steps: 14, denoising_strength: 0.56 };
  expect(costText(denoising, recipe, {})).toBe('14 × 0.56 = 7 steps');
  const measured = { 'pocket-ink': 3.6 };
  expect(costText(denoising, recipe, measured)).toBe('14 × 0.56 = 7 steps, about 6 s here');
  expect(costText(upscale, recipe, measured)).toBe('');
  const settings = { enabled: true, steps: 0, denoising_strength: 0.5, scale_factor: 2 };
  const enlarged = { ...recipe, upscale: settings };
  expect(costText(upscale, enlarged, {})).toBe('14 × 0.5 = 7 steps');
  expect(costText(upscale, enlarged, measured)).toBe('14 × 0.5 = 7 steps, about 25 s here');
});

test('a run costs its four images, where their models were measured', () => {
  expect(presetSeconds(description, preset(), { 'pocket-ink': 4 })).toBe(4 * 7);
  expect(presetSeconds(description, preset(), {})).toBeNull();
  const { recipes } = preset();
  const unmeasured = { ...recipes.D, base_model: { name: 'other', sha256: null } };
  const mixed = { ...preset(), recipes: { ...recipes, D: unmeasured } };
  expect(presetSeconds(description, mixed, { 'pocket-ink': 4 })).toBeNull();
});

describe('the inspector', () => {
  /** @type {{ value: any, saved: any, control_maps: any }} */
  let props;
  /** @type {Map<string, (() => void)[]>} */
  let watchers;
  /** @type {string[]} */
  let triggered;
  /** @type {any[]} */
  let checked;
  /** @type {Record<string, string>} */
  let errors;

  const root = () => /** @type {HTMLElement} */ (document.querySelector('recipe-inspector'));
  /** @param {string} id */
  const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
  /**
   * @param {string} id
   * @param {string} value
   */
  const type = (id, value) => {
    const input = /** @type {HTMLInputElement} */ (byId(`${id}-input`));
    input.value = value;
    input.dispatchEvent(new Event('input', { bubbles: true }));
  };
  /** @param {Partial<typeof props>} changes what Python sends */
  const send = (changes) => {
    Object.assign(props, changes);
    for (const name of Object.keys(changes)) for (const each of watchers.get(name) ?? []) each();
  };
  const settled = () => vi.advanceTimersByTimeAsync(500);
  const stored = () =>
    JSON.parse(localStorage.getItem(`${STORAGE_KEYS.draftPrefix}light`) ?? 'null');

  beforeEach(async () => {
    vi.useFakeTimers();
    localStorage.clear();
    [props, watchers, triggered, checked, errors] = [
      { value: { preset: preset(), slot: 'A' }, saved: saved(), control_maps: null },
      new Map(),
      [],
      [],
      {},
    ];
    HTMLElement.prototype.showPopover = () => {};
    HTMLElement.prototype.hidePopover = () => {};
    Element.prototype.scrollIntoView = () => {};
    vi.stubGlobal('fetch', async (/** @type {string} */ url, /** @type {RequestInit} */ init) => {
      if (url.endsWith('/recipe-fields')) return new Response(JSON.stringify(description));
      if (url.endsWith('/models')) return new Response(JSON.stringify(MODELS));
      checked.push(JSON.parse(String(init.body)));
      const tokens = { A: 18, B: 80, C: 1, D: null };
      const seconds = { 'pocket-ink': 3.6 };
      return new Response(
        JSON.stringify({ errors, tokens, chunk_tokens: 75, seconds_per_step: seconds }),
      );
    });
    document.body.innerHTML = '<div><recipe-inspector></recipe-inspector></div>';
    await mountRecipeInspector({
      element: document.body,
      props,
      trigger: (event) => triggered.push(event),
      watch: (name, callback) => watchers.set(name, [...(watchers.get(name) ?? []), callback]),
    });
    noteRequest('First light', 'a red dress', 7, 'mia');
    await settled();
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  test('shows the first recipe with its cost and tokens', () => {
    expect(byId('tab-A').getAttribute('aria-selected')).toBe('true');
    expect(/** @type {HTMLInputElement} */ (byId('A-steps-input')).value).toBe('14');
    expect(root().querySelector('[data-section=denoising] .cost')?.textContent).toBe(
      '14 × 0.56 = 7 steps, about 6 s here',
    );
    expect(root().querySelector('.tokens')?.textContent).toBe('18 of 75 tokens');
    expect(byId('A-upscale-scale_factor').hidden).toBe(true);
    expect(byId('A-base_model').textContent).toContain('pocket-ink');
    expect(checked.at(-1).user_prompt).toBe('a red dress');
  });

  test('tells Python of a change, marks it, and stores the draft after one check', async () => {
    checked.length = 0;
    for (const value of ['15', '20', '31']) type('A-steps', value);
    expect(props.value.preset.recipes.A.steps).toBe(31);
    expect(byId('unsaved').textContent).toContain('1 unsaved change');
    expect(byId('unsaved').textContent).toContain('A, Sampling steps: 14 → 31');
    expect(byId('A-steps').classList).toContain('changed');
    expect(triggered).toEqual([]);
    await settled();
    expect(checked).toHaveLength(1);
    expect(stored()).toMatchObject({
      slug: 'light',
      version: 3,
      base_image_id: 'mia',
      user_prompt: 'a red dress',
      seed: 7,
      changed: true,
    });
    expect(stored().preset.recipes.A.steps).toBe(31);
    /** @type {HTMLElement | null} */ (byId('A-steps').querySelector('.back'))?.click();
    expect(props.value.preset.recipes.A.steps).toBe(14);
    await settled();
    expect(stored()).toBeNull();
  });

  test('tells an invalid value at its field, and stores none', async () => {
    type('A-width', '250');
    await settled();
    expect(byId('A-width').textContent).toContain('must be a multiple of 8');
    expect(byId('A-width-input').getAttribute('aria-invalid')).toBe('true');
    expect(byId('unsaved').querySelector('[role=alert]')?.textContent).toBe(
      'Recipe A, Width: must be a multiple of 8',
    );
    expect(stored()).toBeNull();
  });

  test('tells what only the server knows', async () => {
    errors = { 'recipes.A.sampler': 'unfit' };
    type('A-steps', '15');
    await settled();
    expect(byId('A-sampler').textContent).toContain('unfit');
    expect(stored()).toBeNull();
  });

  test('stores what is edited before another theme is opened', () => {
    type('A-steps', '31');
    expect(openTheme('other')).toBe('');
    expect(stored().preset.recipes.A.steps).toBe(31);
  });

  test('shows what Python sends, and counts from a version that was saved', () => {
    type('A-steps', '31');
    send({
      saved: { ...saved(), version: 4, preset: JSON.parse(JSON.stringify(props.value.preset)) },
    });
    expect(byId('unsaved').textContent).toBe('');
    const other = { ...preset(), name: 'Other', theme_prompt: 'snow' };
    send({ value: { preset: other, slot: 'A' } });
    send({ saved: { slug: 'other', version: 1, preset: other } });
    expect(/** @type {HTMLInputElement} */ (byId('A-steps-input')).value).toBe('14');
    expect(/** @type {HTMLTextAreaElement} */ (byId('theme-prompt-input')).value).toBe('snow');
    expect(byId('unsaved').textContent).toBe('');
  });

  test('adds, removes and chooses models', async () => {
    /** @type {HTMLElement} */ (root().querySelector('.list[data-path=loras] .add')).click();
    expect(props.value.preset.recipes.A.loras).toEqual([
      { model: { name: 'glow', sha256: null }, weight: 1 },
    ]);
    byId('A-loras-0-model-input').click();
    const options = root().querySelectorAll('[id="A-loras-0-model"] [role=option]');
    expect([...options].map((each) => each.getAttribute('aria-label'))).toEqual(['glow', 'neon']);
    /** @type {HTMLElement} */ (options[1]).click();
    expect(byId('A-loras-0-model').textContent).toContain('2.5 MB · cdcdcdcdcd');
    /** @type {HTMLElement} */ (root().querySelector('.list[data-path=loras] .remove')).click();
    expect(props.value.preset.recipes.A.loras).toEqual([]);
  });

  test('moves between tabs by arrow keys, and copies with undo', () => {
    byId('tab-A').dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
    expect(document.activeElement).toBe(byId('tab-B'));
    type('B-steps', '33');
    const copy = [...root().querySelectorAll('.actions button')].find(
      (it) => it.textContent === 'Copy to D',
    );
    /** @type {HTMLElement} */ (copy).click();
    expect(props.value.preset.recipes.D.steps).toBe(33);
    expect(root().querySelector('.copied')?.textContent).toBe('Copied B to D. Undo');
    /** @type {HTMLElement} */ (root().querySelector('.copied button')).click();
    expect(props.value.preset.recipes.D.steps).toBe(14);
  });

  test('shows all four side by side, tints what differs, edits a cell or a row', () => {
    byId('tab-All').click();
    const cells = () => ['A', 'B', 'C', 'D'].map((slot) => byId(`cell-${slot}-steps`));
    expect(cells().map((cell) => cell.textContent)).toEqual(['14', '14', '14', '14']);
    cells()[1].click();
    type('matrix-cell', '20');
    expect(cells().map((cell) => cell.className)).toEqual(['', 'differs changed', '', '']);
    expect(cells()[1].title).toBe('14 → 20');
    byId('cell-A-steps-all').click();
    type('matrix-cell', '9');
    expect(cells().map((cell) => cell.textContent)).toEqual(['9', '9', '9', '9']);
    cells()[0].focus();
    cells()[0].dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
    expect(document.activeElement).toBe(cells()[1]);
  });

  test('asks for control maps and shows them', () => {
    /** @type {HTMLElement} */ (root().querySelector('.preview-maps')).click();
    expect(triggered).toEqual(['submit']);
    expect(props.value.slot).toBe('A');
    const maps = [
      { unit: 'scribble', png: 'data:,', reason: '' },
      { unit: 'pose', png: null, reason: 'Nothing drawn' },
    ];
    send({ control_maps: { slot: 'A', maps } });
    const shown = root().querySelector('.control-maps');
    expect(shown?.querySelector('img')?.alt).toBe('Control map: scribble');
    expect(shown?.textContent).toContain('Nothing drawn');
  });

  test('tells a seed that cannot be, and a theme without a name', () => {
    noteRequest('First light', '', 1.5, 'mia');
    expect(byId('unsaved').textContent).toContain('is not a whole number');
    expect(byId('unsaved').querySelector('[data-for=seed]')).not.toBeNull();
    noteRequest('', '', null, 'mia');
    expect(byId('unsaved').textContent).toContain(english['studio.theme_unnamed']);
  });
});

const MODELS = [
  {
    kind: 'checkpoint',
    name: 'pocket-ink',
    family: 'pocket',
    size_bytes: 24e6,
    sha256: 'ab'.repeat(32),
    trigger_words: [],
    preview: '/ink.png',
  },
  {
    kind: 'lora',
    name: 'glow',
    family: 'pocket',
    size_bytes: 2.5e6,
    sha256: null,
    trigger_words: ['night'],
    preview: null,
  },
  {
    kind: 'lora',
    name: 'neon',
    family: 'pocket',
    size_bytes: 2.5e6,
    sha256: 'cd'.repeat(32),
    trigger_words: [],
    preview: null,
  },
];
