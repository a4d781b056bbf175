// @vitest-environment jsdom
import './texts.js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { AxisRow } from '../../studio/web/grid/axis-row.js';
import { costText } from '../../studio/web/grid/grid-editor.js';
import { GridView } from '../../studio/web/grid/grid-view.js';
import {
  cellIndex,
  cellName,
  cellPlace,
  gridSize,
  neighbor,
  readyCells,
} from '../../studio/web/grid/layout.js';
import { RangeSlider } from '../../studio/web/grid/range-slider.js';
import {
  availableFields,
  rangeAround,
  searchSpaceLine,
  spread,
  valueAt,
} from '../../studio/web/grid/values.js';
import { find, findAll } from '../../studio/web/lib/dom.js';

/** @import { GridField } from '../../studio/web/grid/values.js' */

/**
 * @param {string} path
 * @param {GridField['kind']} kind
 * @param {Partial<GridField>} [rest]
 * @returns {GridField}
 */
function gridField(path, kind, rest = {}) {
  const bounds = { minimum: null, maximum: null, step: null, choices: [] };
  return { path, label: path, kind, is_recipe_field: true, ...bounds, ...rest };
}

const STRENGTH = gridField('denoising_strength', 'number', { minimum: 0, maximum: 1, step: 0.01 });
const STEPS = gridField('steps', 'integer', { minimum: 1, maximum: 150, step: 1 });
const SAMPLER = gridField('sampler', 'choice', {
  choices: ['Euler', 'UniPC', 'DDIM'].map((value) => ({ value, label: value })),
});
const PROMPT = gridField('prompt', 'prompt', { is_recipe_field: false });
const SEED = gridField('seed', 'seed', { is_recipe_field: false });
const LORA = gridField('loras.0.weight', 'number', { minimum: -2, maximum: 2, step: 0.05 });
const RECIPE = { denoising_strength: 0.56, steps: 14, sampler: 'UniPC', loras: [] };

describe('values', () => {
  test('are spread from end to end, integers each once', () => {
    expect(spread(0.4, 0.8, 5)).toEqual([0.4, 0.5, 0.6, 0.7, 0.8]);
    expect(spread(1, 3, 5, true)).toEqual([1, 2, 3]);
    expect(spread(0.1, 0.9, 1)).toEqual([0.1]);
  });

  test('are offered for the fields that a recipe has', () => {
    expect(valueAt({ loras: [{ weight: 0.5 }] }, 'loras.0.weight')).toBe(0.5);
    expect(valueAt(RECIPE, 'loras.0.weight')).toBeUndefined();
    expect(availableFields([STRENGTH, LORA, SEED], RECIPE)).toEqual([STRENGTH, SEED]);
  });

  test('begin around the present one, within bounds', () => {
    expect(rangeAround(0.95, { minimum: 0, maximum: 1 }, false)).toEqual([0.75, 1]);
    expect(rangeAround(14, { minimum: 1, maximum: 150 }, true)).toEqual([7, 21]);
  });

  test('of a study are written as the API reads them', () => {
    expect(searchSpaceLine('steps', { low: 8, high: 20 })).toBe('steps=8..20');
    expect(searchSpaceLine('sampler', { choices: ['DPM++ 2M', 'a"b'] })).toBe(
      'sampler="DPM++ 2M","a""b"',
    );
  });
});

describe('a range', () => {
  test('has two thumbs, of which neither passes the other', () => {
    const slider = new RangeSlider({
      label: 'Steps',
      minimum: 1,
      maximum: 150,
      step: 1,
      range: [8, 20],
    });
    const changed = vi.fn();
    slider.root.addEventListener('input', changed);
    const [low, high] = findAll(slider.root, '[type=range]', HTMLInputElement);
    expect([low.ariaLabel, high.ariaLabel]).toEqual(['Steps, from', 'Steps, to']);
    low.value = '30';
    low.dispatchEvent(new Event('input'));
    expect([slider.low, slider.high]).toEqual([30, 30]);
    const [, box] = findAll(slider.root, '[type=number]', HTMLInputElement);
    box.value = '900';
    box.dispatchEvent(new Event('change'));
    expect([slider.low, slider.high]).toEqual([30, 150]);
    expect(changed).toHaveBeenCalledTimes(2);
  });
});

describe('an axis', () => {
  const fields = [STRENGTH, STEPS, SAMPLER, PROMPT, SEED];
  /** @param {AxisRow} row @param {string} path */
  function choose(row, path) {
    const select = find(row.root, 'select', HTMLSelectElement);
    select.value = path;
    select.dispatchEvent(new Event('input', { bubbles: true }));
  }

  test('of numbers has as many as are asked for', () => {
    const row = new AxisRow('X: columns', fields, RECIPE, 'denoising_strength');
    expect(row.axis?.values).toEqual([0.36, 0.46, 0.56, 0.66, 0.76]);
    find(row.root, '[aria-label="Fewer values"]', HTMLButtonElement).click();
    expect(row.axis?.values).toHaveLength(4);
    expect(find(row.root, '.axis-values', HTMLElement).textContent).toBe(
      '0.36 · 0.4933 · 0.6267 · 0.76',
    );
  });

  test('of sizes has multiples of its step', () => {
    const width = gridField('width', 'integer', { minimum: 64, maximum: 2048, step: 8 });
    const row = new AxisRow('X', [width], { width: 500 }, 'width');
    expect(row.axis?.values).toEqual([248, 376, 504, 624, 752]);
  });

  test('of choices has those that are on, at first the present one', () => {
    const row = new AxisRow('Y: rows', fields, RECIPE);
    expect(row.axis).toBeNull();
    choose(row, 'sampler');
    expect(row.axis).toEqual({ field: 'sampler', values: ['UniPC'] });
    find(row.root, '[value=Euler]', HTMLInputElement).click();
    expect(row.axis?.values).toEqual(['Euler', 'UniPC']);
  });

  test('of the prompt searches for a text and replaces it', () => {
    const row = new AxisRow('Z', fields, RECIPE, 'prompt');
    const [search, next] = findAll(row.root, 'label input', HTMLInputElement);
    search.value = 'red';
    for (const text of ['blue', 'green', 'blue']) {
      next.value = text;
      next.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
    }
    expect(row.axis).toEqual({ field: 'prompt', values: ['red', 'blue', 'green'] });
    find(row.root, '[aria-label="Remove blue"]', HTMLButtonElement).click();
    expect(row.axis?.values).toEqual(['red', 'green']);
  });

  test('of seeds counts on from the first', () => {
    const row = new AxisRow('X', fields, RECIPE, 'seed');
    expect(row.axis?.values).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('the cells of a grid', () => {
  const axes = [
    { field: 'steps', label: 'Steps', values: [8, 12, 16] },
    { field: 'sampler', label: 'Sampler', values: ['Euler', 'UniPC'] },
  ];

  test('are numbered as on the server', () => {
    expect(gridSize(axes)).toEqual([3, 2, 1]);
    expect(cellIndex(axes, [2, 1, 0])).toBe(5);
    expect([0, 1, 2, 3, 4, 5].map((index) => cellIndex(axes, cellPlace(axes, index)))).toEqual([
      0, 1, 2, 3, 4, 5,
    ]);
    expect(cellName(axes, 3)).toBe('Steps 12, Sampler UniPC');
  });

  test('have neighbors up to the edges', () => {
    const from = cellIndex(axes, [0, 0, 0]);
    expect(neighbor(axes, from, 'ArrowRight')).toBe(cellIndex(axes, [1, 0, 0]));
    expect(neighbor(axes, from, 'ArrowDown')).toBe(cellIndex(axes, [0, 1, 0]));
    expect(neighbor(axes, from, 'ArrowLeft')).toBe(from);
    expect(neighbor(axes, from, 'PageDown')).toBe(from);
  });

  test('are ready in the order of rendering, and where they were before', () => {
    const cells = [4, 0, 2].map((index) => ({ index, coordinates: [0], ready: index === 2 }));
    expect([...readyCells(cells, 1)]).toEqual([4, 2]);
  });

  test('cost images and seconds', () => {
    const cost = { images: 4, cached: 1, seconds: 12, model_switches: 0 };
    expect(costText(cost)).toBe(
      '4 images (1 cached), 0 base model switches. Takes about 12 s on this machine.',
    );
    expect(costText({ ...cost, cached: 4, seconds: 0 })).toBe(
      '4 images (4 cached), 0 base model switches.',
    );
  });
});

describe('a grid that is shown', () => {
  const grid = {
    ...{ id: 1, slug: 'it', theme_name: 'It', version: 1, slot: 'A', stopping: false, message: '' },
    axes: [
      { field: 'steps', label: 'Steps', values: [8, 12, 16] },
      { field: 'sampler', label: 'Sampler', values: ['Euler', 'UniPC'] },
    ],
    ...{ state: 'running', done: 1, images: 6, remaining_seconds: null },
  };
  const cells = [0, 1, 2, 3, 4, 5].map((index) => ({ index, coordinates: [0], ready: false }));

  /** Answers with the grid as it is, and stops it. @param {string} url */
  async function server(url) {
    if (url.endsWith('/cancel')) grid.state = 'stopped';
    const isWhole = url.endsWith('/grids/1');
    return new Response(JSON.stringify(isWhole ? { grid, cells } : grid));
  }

  async function shown() {
    Object.assign(grid, { state: 'running', done: 1 });
    vi.useFakeTimers();
    vi.stubGlobal('fetch', server);
    const view = new GridView();
    document.body.replaceChildren(view);
    await view.show(1);
    await vi.advanceTimersByTimeAsync(0);
    return view;
  }

  afterEach(() => {
    document.body.replaceChildren();
    vi.useRealTimers();
  });

  test('changes the cells alone whose images have come', async () => {
    const view = await shown();
    expect(findAll(view, '.cell img', HTMLImageElement)).toHaveLength(1);
    /** @type {Node[]} */
    const changed = [];
    const observer = new MutationObserver((records) => {
      changed.push(...records.map(({ target }) => target));
    });
    const tables = find(view, '.grid-tables', HTMLElement);
    observer.observe(tables, { subtree: true, childList: true, attributes: true });
    await vi.advanceTimersByTimeAsync(2000);
    expect(changed).toEqual([]);
    grid.done = 3;
    await vi.advanceTimersByTimeAsync(1000);
    const buttons = findAll(view, '.cell', HTMLButtonElement);
    const touched = buttons.filter((button) => changed.includes(button));
    expect(touched.map(({ dataset }) => dataset.index)).toEqual(['2', '1']);
    expect(findAll(view, '.cell.ready img', HTMLImageElement)).toHaveLength(3);
  });

  test('keeps images and choices when it is stopped', async () => {
    const view = await shown();
    const [, box] = findAll(view, 'td input', HTMLInputElement);
    box.click();
    const blindTest = find(view, '.grid-actions button:last-of-type', HTMLButtonElement);
    expect(blindTest.textContent).toContain('1');
    find(view, '.grid-actions button', HTMLButtonElement).click();
    await vi.advanceTimersByTimeAsync(0);
    expect(findAll(view, '.cell.ready img', HTMLImageElement)).toHaveLength(1);
    expect(findAll(view, 'td input:checked', HTMLInputElement)).toHaveLength(1);
  });

  test('has one Tab stop, which the arrow keys move', async () => {
    const view = await shown();
    const stops = () =>
      findAll(view, '.cell', HTMLButtonElement)
        .filter(({ tabIndex }) => tabIndex === 0)
        .map(({ dataset }) => dataset.index);
    expect(stops()).toEqual(['0']);
    const first = find(view, '.cell', HTMLButtonElement);
    first.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
    expect(stops()).toEqual(['2']);
  });
});
