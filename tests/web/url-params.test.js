// @vitest-environment jsdom
import { afterEach, describe, expect, test, vi } from 'vitest';
import { element } from '../../studio/web/lib/dom.js';
import { storeDraft } from '../../studio/web/studio/drafts.js';
import {
  openPage,
  readRunId,
  takeVariantId,
  takeVersion,
  writeRunId,
} from '../../studio/web/studio/url-params.js';

afterEach(() => {
  document.body.replaceChildren();
  localStorage.clear();
  history.replaceState(null, '', '/');
});

describe('the URL', () => {
  test('names a run until another one is started', () => {
    writeRunId('ab12');
    expect(location.search).toBe('?run=ab12');
    expect(readRunId()).toBe('ab12');
    writeRunId('');
    expect(readRunId()).toBe('ab12');
  });

  test('names a variant once', () => {
    history.replaceState(null, '', '/?variant=7');
    expect(takeVariantId()).toBe(7);
    expect(location.search).toBe('');
    expect(takeVariantId()).toBe(0);
  });

  test('names a version once, which comes with the draft of its theme', () => {
    const draft = JSON.stringify({ slug: 'garden', changed: true });
    storeDraft(draft);
    history.replaceState(null, '', '/?preset=garden&version=3');
    expect(takeVersion()).toEqual(['garden', 3, draft]);
    expect(takeVersion()).toEqual(['', 0, '']);
  });

  test.each([
    ['?run=ab', ['attach-run']],
    ['?variant=7', ['restore-variant']],
    ['?preset=garden&version=0', ['open-version']],
    ['', []],
  ])('%s has a hidden button pressed once the page is open', async (query, expected) => {
    /** @type {string[]} */
    const pressed = [];
    for (const id of ['attach-run', 'restore-variant', 'open-version']) {
      document.body.append(element('button', { id, onclick: () => pressed.push(id) }));
    }
    history.replaceState(null, '', `/${query}`);
    openPage();
    await vi.waitFor(() => expect(document.documentElement.dataset.opened).toBe('yes'));
    expect(pressed).toEqual(expected);
    delete document.documentElement.dataset.opened;
  });
});
