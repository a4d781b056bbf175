// @vitest-environment jsdom
import './texts.js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { STORAGE_KEYS } from '../../studio/web/lib/storage.js';
import { loadDraft, loadLastDraft, storeDraft } from '../../studio/web/studio/drafts.js';

afterEach(() => {
  vi.restoreAllMocks();
  localStorage.clear();
  sessionStorage.clear();
});

/** @param {string} slug */
const draft = (slug, changed = true) => JSON.stringify({ slug, changed, preset: { name: slug } });

describe('a draft', () => {
  test('is stored for its theme and as the last of all', async () => {
    storeDraft(draft('garden'));
    storeDraft(draft('picnic'));
    storeDraft('');
    expect(loadDraft('garden')).toBe(draft('garden'));
    expect(loadDraft('picnic')).toBe(draft('picnic'));
    expect(await loadLastDraft()).toBe(draft('picnic'));
    expect(loadDraft('harbour')).toBe('');
  });

  test('that no longer differs is deleted for its theme, and stays the last', async () => {
    storeDraft(draft('garden'));
    storeDraft(draft('garden', false));
    expect(loadDraft('garden')).toBe('');
    expect(await loadLastDraft()).toBe(draft('garden', false));
  });

  test('that the server emptied deletes one of its theme alone', async () => {
    storeDraft(draft('garden'));
    storeDraft(JSON.stringify({ slug: 'garden', changed: false }));
    expect(loadDraft('garden')).toBe('');
    expect(await loadLastDraft()).toBe(draft('garden'));
  });

  test("of this tab comes before another tab's", async () => {
    storeDraft(draft('garden'));
    localStorage.setItem(STORAGE_KEYS.lastDraft, draft('picnic'));
    expect(await loadLastDraft()).toBe(draft('garden'));
    sessionStorage.clear();
    expect(await loadLastDraft()).toBe(draft('picnic'));
  });

  test('is lost without an error in a browser that blocks storage', async () => {
    const blocked = () => {
      throw new DOMException('blocked', 'SecurityError');
    };
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(blocked);
    vi.spyOn(Storage.prototype, 'getItem').mockImplementation(blocked);
    storeDraft(draft('garden'));
    expect([await loadLastDraft(), loadDraft('garden')]).toEqual(['', '']);
  });
});
