// @vitest-environment jsdom
import './texts.js';
import './dialog-stub.js';
import { describe, expect, test, vi } from 'vitest';
import { Candidates } from '../../studio/web/components/candidates.js';
import { newTest } from '../../studio/web/components/new-test.js';
import { progressText, TestRow } from '../../studio/web/components/test-rows.js';
import { versionName } from '../../studio/web/components/version-select.js';
import { element, find, findAll } from '../../studio/web/lib/dom.js';

/** @import { ListedTest } from '../../studio/web/components/test-rows.js' */

const THEMES = [{ slug: 'first-light', name: 'First light', latest: 3 }];

describe('the form of a new blind test', () => {
  const versions = [1, 3, 2].map((version) => ({ version, message: version === 3 ? 'paler' : '' }));

  function form() {
    vi.stubGlobal('fetch', async () => new Response(JSON.stringify(versions)));
    const list = element('ol');
    const add = element('button', { type: 'button' });
    document.body.replaceChildren(list, add);
    return { list, add, candidates: new Candidates(list, add, THEMES) };
  }

  /** @param {Element} card */
  const selects = (card) => findAll(card, 'select', HTMLSelectElement);

  test('has two numbered candidates, and takes up to four', () => {
    const { list, add } = form();
    const headings = () => findAll(list, 'h3', HTMLElement).map((each) => each.textContent);
    expect(headings()).toEqual(['Candidate 1', 'Candidate 2']);
    expect(find(list, 'li > button', HTMLButtonElement).hidden).toBe(true);
    add.click();
    add.click();
    expect(add.disabled).toBe(true);
    find(list, '[aria-label="Remove candidate 2"]', HTMLButtonElement).click();
    expect(headings()).toEqual(['Candidate 1', 'Candidate 2', 'Candidate 3']);
    expect(add.disabled).toBe(false);
  });

  test('lists the versions of the theme, the latest first', async () => {
    const { list, candidates } = form();
    expect(candidates.values).toEqual([]);
    const [theme, version, slot] = selects(list.children[0]);
    theme.value = 'first-light';
    theme.dispatchEvent(new Event('change'));
    await vi.waitFor(() => expect(version.options).toHaveLength(3));
    expect([...version.options].map((each) => each.label)).toEqual([
      'Version 3 · paler',
      'Version 2',
      'Version 1',
    ]);
    expect(candidates.values).toEqual([{ slug: 'first-light', version: 3, slot: null }]);
    slot.value = 'C';
    version.value = '1';
    expect(candidates.values).toEqual([{ slug: 'first-light', version: 1, slot: 'C' }]);
  });

  test('shortens the notes of versions', () => {
    expect(versionName({ version: 2, message: 'x'.repeat(90) })).toHaveLength(60);
  });
});

describe('a row of the list of tests', () => {
  /** @type {ListedTest} */
  const running = {
    name: 'grid/3',
    kind: 'grid',
    subject: 'First light',
    slug: 'first-light',
    version: 2,
    author: 'ada',
    started_at: '2026-11-27T10:30:00Z',
    state: 'running',
    message: '',
    done: 3,
    total: 12,
    remaining_seconds: 30,
    stopping: false,
    result: '',
    page: '/tests?grid=3',
    rerun: '/api/v1/grids/3/render',
    cost: '/api/v1/grids/3/cost',
  };

  test('shows progress and Stop while it runs', () => {
    const run = vi.fn();
    const row = new TestRow(running, run);
    const progress = find(row.root, '.test-progress', HTMLElement);
    expect(progress.textContent).toBe('3 of 12 · about 30 s remaining');
    row.update({ ...running, started_at: '', done: 6, remaining_seconds: null });
    expect(progress.textContent).toBe('6 of 12');
    expect(find(row.root, 'progress', HTMLProgressElement).value).toBe(50);
    find(row.root, 'button', HTMLButtonElement).click();
    expect(run).toHaveBeenCalledOnce();
    expect(progressText({ ...running, total: 0 })).toBe('Preparing…');
  });

  test.each([
    ['stopped', 'grid', 'Stopped', 'Resume'],
    ['done', 'robustness', 'Done', 'Run again'],
  ])('which has %s says so and can be run again', (state, kind, badge, action) => {
    const ended = /** @type {ListedTest} */ ({ ...running, state, kind, result: '12 images' });
    const row = new TestRow(ended, vi.fn());
    expect(find(row.root, '.badge', HTMLElement).textContent).toBe(badge);
    expect(find(row.root, '.test-outcome a', HTMLElement).textContent).toBe('12 images');
    expect(find(row.root, 'button', HTMLButtonElement).textContent).toBe(action);
  });

  test('which has failed says why', () => {
    const row = new TestRow({ ...running, state: 'failed', message: 'Out of memory' }, vi.fn());
    expect(find(row.root, '.test-outcome a', HTMLElement).textContent).toBe('Out of memory');
  });
});

test('the form of a new grid can be sent once every choice is listed', async () => {
  /** @type {(answer: Response) => void} */
  let listDoodles = () => undefined;
  const doodles = new Promise((resolve) => (listDoodles = resolve));
  vi.stubGlobal('fetch', (/** @type {string} */ url) => {
    if (url.endsWith('/sample-doodles')) return doodles;
    const body = url.endsWith('/base-images') ? { base_images: [] } : [{ version: 1, message: '' }];
    return Promise.resolve(new Response(JSON.stringify(body)));
  });
  document.body.replaceChildren();
  newTest(THEMES, 'first-light', () => undefined);
  find(document, '.kind', HTMLButtonElement).click();
  const send = find(document, '.test-form .actions .primary', HTMLButtonElement);
  await vi.waitFor(() =>
    expect(find(document, '.test-form [name=version]', HTMLSelectElement).options).toHaveLength(1),
  );
  expect(send.disabled).toBe(true);
  listDoodles(
    new Response(JSON.stringify([{ name: 'star.png', base_image: null, image: '/star.png' }])),
  );
  await vi.waitFor(() => expect(send.disabled).toBe(false));
  expect(find(document, '[name=doodle]', HTMLSelectElement).value).toBe('star.png');
});
