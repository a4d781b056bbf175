// @vitest-environment jsdom
import './texts.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Editor } from '../../studio/web/inspector/editor.js';
import { Matrix } from '../../studio/web/inspector/matrix.js';
import { RecipePanel } from '../../studio/web/inspector/recipe-panel.js';
import { description, preset, saved } from './inspector-example.js';

/** @import { Model } from '../../studio/web/inspector/types.js' */

const SHA256 = 'ab'.repeat(32);
/** @type {Model} */
const ADAPTER = {
  kind: 'ip_adapter',
  name: 'plus',
  family: 'pocket',
  size_bytes: 1e6,
  sha256: null,
  trigger_words: [],
  preview: null,
};

/** @type {Editor} */
let editor;
/** @type {RecipePanel} */
let panel;
/** @type {{ url: string, body: unknown }[]} */
let sent;

beforeEach(() => {
  sent = [];
  vi.stubGlobal('fetch', async (/** @type {string} */ url, /** @type {RequestInit} */ init) => {
    sent.push({ url, body: init?.body });
    if (url.endsWith('/control-images')) return new Response(JSON.stringify({ sha256: SHA256 }));
    return { ok: true, blob: async () => PNG };
  });
  editor = new Editor(description, preset(), saved());
  editor.showModels([ADAPTER]);
  panel = new RecipePanel(
    editor,
    'B',
    { previewMaps: () => {}, maskControl: () => document.createElement('div') },
    new Map(),
  );
  editor.addEventListener('edit', () => panel.update(new Map()));
  panel.update(new Map());
  document.body.replaceChildren(panel.root);
});
afterEach(() => vi.unstubAllGlobals());

const PNG = new File(['png'], 'mood.png', { type: 'image/png' });

/**
 * @param {Element} target
 * @param {'dragover' | 'drop' | 'paste'} name
 * @param {{ files?: File[], address?: string }} content
 */
async function give(target, name, { files = [], address = '' }) {
  const types = [...(files.length ? ['Files'] : []), ...(address ? ['text/uri-list'] : [])];
  const transfer = { files, types, getData: () => address };
  const event = new Event(name, { bubbles: true, cancelable: true });
  Object.assign(event, { [name === 'paste' ? 'clipboardData' : 'dataTransfer']: transfer });
  target.dispatchEvent(event);
  // What follows are promises alone: each is settled before the next task but one.
  for (let task = 0; task < 3; task += 1) await new Promise((resolve) => setTimeout(resolve));
  return event;
}

const references = () => editor.preset.recipes.B.references;
const problem = () =>
  panel.root.querySelector('[data-path=references] > [role=alert]')?.textContent;

describe('an image that is dropped on a recipe', () => {
  test('becomes a reference, to be told what it is for', async () => {
    expect((await give(panel.root, 'dragover', { files: [PNG] })).defaultPrevented).toBe(true);
    expect(panel.root.classList).toContain('over');
    await give(panel.root, 'drop', { files: [PNG] });
    expect(panel.root.classList).not.toContain('over');
    expect(references()).toEqual([
      {
        model: { name: 'plus', sha256: null },
        image_encoder: null,
        image_sha256: SHA256,
        purpose: 'style',
        weight: 0.6,
        start: 0,
        end: 1,
      },
    ]);
    expect(sent).toEqual([{ url: '/api/v1/control-images', body: PNG }]);
    expect(document.activeElement?.id).toBe('B-references-0-purpose-input');
    expect(panel.root.querySelector('[data-path=references] img')?.getAttribute('src')).toBe(
      `/api/v1/control-images/${SHA256}.webp?size=192`,
    );
  });

  test('may be one of this page, of which the whole image is taken', async () => {
    const address = `${location.origin}/api/v1/variants/images/${SHA256}.webp?size=192`;
    await give(panel.root, 'drop', { address });
    expect(sent.map(({ url }) => url)).toEqual([
      `/api/v1/variants/images/${SHA256}.png`,
      '/api/v1/control-images',
    ]);
    expect(references()).toHaveLength(1);
  });

  test('is not fetched from elsewhere', async () => {
    await give(panel.root, 'drop', { address: 'https://example.com/api/v1/a.png' });
    expect(sent).toEqual([]);
    expect(problem()).toContain('no image');
  });

  test('is refused in words where no IP-Adapter is installed, or the recipe is full', async () => {
    editor.showModels([]);
    await give(panel.root, 'drop', { files: [PNG] });
    expect(problem()).toContain('need an IP-Adapter');
    editor.showModels([ADAPTER]);
    for (let count = 0; count < 5; count += 1) await give(panel.root, 'drop', { files: [PNG] });
    expect(references()).toHaveLength(4);
    expect(problem()).toContain('Remove one first');
    expect(sent).toHaveLength(4);
  });
});

describe('the image of a reference', () => {
  const control = () =>
    /** @type {Element} */ (panel.root.querySelector('.field-image:has(img[alt="Image"]) .upload'));

  beforeEach(() => {
    const list = description.lists.find(({ path }) => path === 'references');
    editor.addItem('B', 'references', { ...list?.item, model: { name: 'plus', sha256: null } });
  });

  test('is missing at first, and is dropped or pasted on its field alone', async () => {
    expect(control().textContent).toContain('No image');
    await give(control(), 'drop', { files: [PNG] });
    expect(references()).toMatchObject([{ image_sha256: SHA256 }]);
    expect(control().querySelector('img')?.hidden).toBe(false);
    await give(control(), 'paste', { files: [PNG] });
    expect(sent).toHaveLength(2);
    expect(references()).toHaveLength(1);
    await give(control(), 'drop', {
      files: [new File(['x'], 'notes.txt', { type: 'text/plain' })],
    });
    expect(control().querySelector('[role=alert]')?.textContent).toContain('no image');
  });
});

test('references are rows of the table of all four recipes', () => {
  const list = description.lists.find(({ path }) => path === 'references');
  const image = { image_sha256: SHA256, weight: 0.45 };
  editor.addItem('B', 'references', {
    ...list?.item,
    model: { name: 'plus', sha256: null },
    ...image,
  });
  const matrix = new Matrix(editor);
  document.body.replaceChildren(matrix.root);
  matrix.update(new Map());
  const cells = (/** @type {string} */ path) =>
    ['A', 'B', 'C', 'D'].map(
      (slot) => document.getElementById(`cell-${slot}-references-0-${path}`)?.textContent,
    );
  expect(cells('model')).toEqual(['–', 'plus', '–', '–']);
  expect(cells('weight')).toEqual(['–', '0.45', '–', '–']);
  expect(document.getElementById('cell-A-references-0-image_encoder-all')?.textContent).toBe(
    'Reference 1, Image encoder',
  );
  expect(cells('purpose')).toEqual(['–', 'Style', '–', '–']);
});
