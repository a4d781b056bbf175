// @vitest-environment jsdom
import './texts.js';
import './dialog-stub.js';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { AuditLog } from '../../studio/web/components/audit-log.js';
import { confirmAction } from '../../studio/web/components/dialogs.js';
import { PolicyForm } from '../../studio/web/components/policy-form.js';
import { PoseEditor } from '../../studio/web/components/pose-editor.js';
import { ReviewChecks } from '../../studio/web/components/review-checks.js';
import { ReviewPanel } from '../../studio/web/components/review-log.js';
import { themeThumbnails } from '../../studio/web/components/theme-thumbnails.js';
import { VersionSelect } from '../../studio/web/components/version-select.js';
import { element, find, findAll } from '../../studio/web/lib/dom.js';
import { t } from '../../studio/web/lib/i18n.js';

/** @import { Keypoint } from '../../studio/web/components/pose-editor.js' */

class Observer {
  observe() {}
  unobserve() {}
}

/** @param {string} text */
const text = (text) => element('p', {}, text);
/** @param {string} selector */
const textOf = (selector) => find(document, selector, HTMLElement).textContent;

beforeEach(() => {
  document.body.replaceChildren(element('p', { id: 'error' }));
  vi.stubGlobal('IntersectionObserver', Observer);
});

describe('a question before an action', () => {
  /** @param {() => Promise<unknown>} action */
  function ask(action) {
    const answer = confirmAction({
      title: 'Sure?',
      content: [text('All goes.')],
      label: 'Go',
      action,
    });
    const dialog = find(document, 'dialog', HTMLDialogElement);
    const [go, cancel] = findAll(dialog, 'button', HTMLButtonElement);
    const send = () =>
      find(dialog, 'form', HTMLFormElement).dispatchEvent(
        new Event('submit', { cancelable: true, bubbles: true }),
      );
    return { answer, dialog, go, cancel, send };
  }

  test('that is answered twice does it once, and cannot be left meanwhile', async () => {
    /** @type {(value: unknown) => void} */
    let finish = () => undefined;
    const action = vi.fn(() => new Promise((resolve) => (finish = resolve)));
    const { answer, dialog, go, cancel, send } = ask(action);
    send();
    dialog.querySelector('form')?.dispatchEvent(new Event('input'));
    send();
    expect(action).toHaveBeenCalledOnce();
    expect([go.disabled, cancel.disabled]).toEqual([true, true]);
    const pressed = new Event('cancel', { cancelable: true });
    dialog.dispatchEvent(pressed);
    expect(pressed.defaultPrevented).toBe(true);
    finish(null);
    expect(await answer).toBe(true);
    expect(document.querySelector('dialog')).toBeNull();
  });

  test('stays with the error of an action that fails', async () => {
    const { answer, dialog, cancel, send } = ask(() => Promise.reject(new Error('Disk is full.')));
    send();
    await vi.waitFor(() => expect(textOf('.dialog-error')).toBe('Disk is full.'));
    expect([dialog.open, cancel.disabled]).toEqual([true, false]);
    cancel.click();
    expect(await answer).toBe(false);
  });
});

describe('images of a theme', () => {
  const images = () => {
    const root = themeThumbnails('neon-night', 160);
    return { root, all: findAll(root, 'img', HTMLImageElement) };
  };

  test('that are there stay where another is missing', () => {
    const { root, all } = images();
    all[2].dispatchEvent(new Event('error'));
    expect([...root.children].map((each) => each.tagName)).toEqual(['IMG', 'IMG', 'SPAN', 'IMG']);
  });

  test('of which none is there are one line', () => {
    const { root, all } = images();
    for (const image of all) image.dispatchEvent(new Event('error'));
    expect(root.textContent).toBe(t('page.themes.no_images'));
  });
});

test('versions that cannot be listed are no choice, and the page says why', async () => {
  const answers = [new Response('[{"version":4,"message":""}]'), new Response('', { status: 502 })];
  vi.stubGlobal('fetch', async () => answers.shift());
  const select = new VersionSelect([
    { slug: 'a', name: 'A', latest: 4 },
    { slug: 'b', name: 'B', latest: 1 },
  ]);
  await select.choose('a');
  expect(select.value).toEqual({ slug: 'a', version: 4 });
  select.theme.value = 'b';
  select.theme.dispatchEvent(new Event('change'));
  await vi.waitFor(() => expect(textOf('#error')).toBe(t('page.server_failed', { status: 502 })));
  expect(select.value).toBeNull();
});

describe('the review of a version', () => {
  test('says so where its checks cannot be run', async () => {
    vi.stubGlobal('fetch', async () => new Response('', { status: 502 }));
    const checks = new ReviewChecks({ slug: 'a', name: 'A' }, 1, () => undefined);
    document.body.append(checks.root);
    await checks.load();
    expect(textOf('.checks [role=alert]')).toBe(t('page.server_failed', { status: 502 }));
    expect(find(document, '.checks', HTMLElement).ariaBusy).toBe('false');
  });

  test('takes a comment once, and shows beside it why it was refused', async () => {
    const problem = JSON.stringify({ detail: 'A comment needs a text.' });
    const fetch = vi.fn(async () => new Response(problem, { status: 422 }));
    vi.stubGlobal('fetch', fetch);
    const panel = new ReviewPanel('a', 1, vi.fn(), vi.fn());
    document.body.append(panel.root);
    const comment = find(panel.root, '[data-kind=comment]', HTMLButtonElement);
    comment.click();
    comment.click();
    await vi.waitFor(() => expect(textOf('.review-panel [role=alert]')).toContain('needs a text'));
    expect(fetch).toHaveBeenCalledOnce();
  });
});

describe('the audit log', () => {
  const decision = (/** @type {string} */ reason) => ({
    id: 1,
    review: null,
    decision: {
      created_at: '2026-11-27T10:00:00Z',
      client: 'studio',
      theme: 'neon-night',
      version: 3,
      slot: 'A',
      stage: 'prompt',
      verdict: 'block',
      reason,
      input_text: '',
    },
  });
  /** @param {unknown[]} decisions */
  const page = (...decisions) =>
    new Response(JSON.stringify({ decisions, next_cursor: null }), { status: 200 });

  function log() {
    const filter = element('form', { id: 'filter' }, element('input', { name: 'text' }));
    const table = element('table', {}, element('tbody', { id: 'rows' }));
    document.body.append(
      filter,
      element('a', { id: 'export' }),
      table,
      element('div', { id: 'end' }),
    );
    return new AuditLog(new Map([['neon-night', 'Neon night']]));
  }

  test('names themes, versions and recipes', async () => {
    vi.stubGlobal('fetch', async () => page(decision('naked')));
    await log().reset();
    expect(textOf('#rows')).toContain('Neon night v3 A');
  });

  test('tells an empty log from a filter that nothing matches', async () => {
    vi.stubGlobal('fetch', async () => page());
    const audit = log();
    await audit.reset();
    expect(textOf('#rows')).toBe(t('page.audit.empty'));
    find(document, 'input', HTMLInputElement).value = 'x';
    await audit.reset();
    expect(textOf('#rows')).toBe(t('page.no_matches'));
  });

  test('shows the answer to the last filter, also where one before comes later', async () => {
    /** @type {((answer: Response) => void)[]} */
    const answers = [];
    vi.stubGlobal('fetch', () => new Promise((resolve) => answers.push(resolve)));
    const audit = log();
    audit.reset();
    const last = audit.reset();
    answers[1](page(decision('new')));
    await last;
    answers[0](page(decision('old')));
    await new Promise((resolve) => setTimeout(resolve));
    expect(textOf('#rows')).toContain('new');
    expect(textOf('#rows')).not.toContain('old');
  });
});

describe('the keypoints of a base image', () => {
  function editor() {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const stage = element('div', { tabIndex: 0 }, element('img'), svg);
    const group = element('div');
    document.body.append(stage, group);
    const pose = new PoseEditor(stage, group, () => undefined);
    /** @type {(Keypoint | null)[]} */
    const keypoints = [[0.2, 0.2], null];
    pose.show(
      { image: '/mia.webp', width: 100, height: 100, keypoints },
      { names: ['nose', 'neck'], limbs: [[0, 1]] },
    );
    return { pose, stage, buttons: findAll(group, 'button', HTMLButtonElement) };
  }

  test('are chosen with one Tab stop, and the button that is pressed has the focus still', () => {
    const { buttons } = editor();
    expect(buttons.map((button) => [button.textContent, button.tabIndex])).toEqual([
      ['Nose', -1],
      ['Neck (not visible)', 0],
    ]);
    buttons[0].focus();
    buttons[0].click();
    expect(document.activeElement).toBe(buttons[0]);
    expect(
      buttons.map((button) => button.ariaChecked ?? button.getAttribute('aria-checked')),
    ).toEqual(['true', 'false']);
  });

  test('are moved by arrow keys, and that is undone', () => {
    const { pose, stage } = editor();
    stage.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', shiftKey: true }));
    expect(pose.keypoints[1]).toEqual([0.55, 0.5]);
    pose.undo();
    expect(pose.keypoints).toEqual([[0.2, 0.2], null]);
  });
});

describe('the moderation policy of a theme', () => {
  const POLICY = { check_prompts: true, nsfw_threshold: 0.8, external_moderation: 'off' };

  test('can be changed once it is there; saved, it leads to the review of its version', async () => {
    const names = ['check_prompts', 'check_doodles', 'check_outputs', 'regenerate_withheld'];
    const boxes = [...names, 'allow_base_uploads', 'log_blocked_text'].map((name) =>
      element('input', { name, type: 'checkbox' }),
    );
    const inputs = ['nsfw_threshold', 'concept_margin', 'negative_prompt'].map((name) =>
      element('input', { name }),
    );
    const select = element(
      'select',
      { name: 'external_moderation' },
      element('option', { value: 'off' }),
    );
    const form = element('form', { id: 'policy' }, ...boxes, ...inputs, select);
    document.body.append(form, element('span', { id: 'policy-status' }));
    const fetch = vi.fn(async (_url, /** @type {RequestInit | undefined} */ options) =>
      Response.json(options?.method === 'PUT' ? { version: 4 } : { version: 3, policy: POLICY }),
    );
    vi.stubGlobal('fetch', fetch);
    const policy = new PolicyForm('neon-night');
    expect([...form.elements].every((each) => each.matches(':disabled'))).toBe(true);
    await policy.load();
    expect([boxes[0].checked, inputs[0].value, boxes[0].disabled]).toEqual([true, '0.8', false]);
    form.dispatchEvent(new Event('submit', { cancelable: true }));
    await vi.waitFor(() =>
      expect(find(document, '#policy-status a', HTMLAnchorElement).pathname).toBe(
        '/themes/neon-night/versions/4/review',
      ),
    );
    expect(fetch.mock.calls[1][0]).toContain('/moderation-policy?expected_version=3');
  });
});
