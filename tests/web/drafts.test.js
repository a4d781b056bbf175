// @vitest-environment jsdom
import { afterEach, describe, expect, test, vi } from 'vitest';
import { STORAGE_KEYS } from '../../studio/web/lib/storage.js';
import { draftOf, lastDraft, storeDraft, takeVersion } from '../../studio/web/studio/drafts.js';

afterEach(() => {
  vi.restoreAllMocks();
  localStorage.clear();
  sessionStorage.clear();
});

/** @param {string} slug */
const draft = (slug, changed = true) => JSON.stringify({ slug, changed, preset: { name: slug } });

describe('a draft', () => {
  test('is stored for its theme and as the last of all', () => {
    storeDraft(draft('garden'));
    storeDraft(draft('picnic'));
    storeDraft('');
    expect(draftOf('garden')).toBe(draft('garden'));
    expect(draftOf('picnic')).toBe(draft('picnic'));
    expect(lastDraft()).toBe(draft('picnic'));
    expect(draftOf('harbour')).toBe('');
  });

  test('that no longer differs is not of its theme any more, but still the last', () => {
    storeDraft(draft('garden'));
    storeDraft(draft('garden', false));
    expect(draftOf('garden')).toBe('');
    expect(lastDraft()).toBe(draft('garden', false));
  });

  test("of this tab comes before another tab's", () => {
    storeDraft(draft('garden'));
    localStorage.setItem(STORAGE_KEYS.lastDraft, draft('picnic'));
    expect(lastDraft()).toBe(draft('garden'));
    sessionStorage.clear();
    expect(lastDraft()).toBe(draft('picnic'));
  });

  test('is none in a browser that stores nothing', () => {
    const blocked = () => {
      throw new DOMException('blocked', 'SecurityError');
    };
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(blocked);
    vi.spyOn(Storage.prototype, 'getItem').mockImplementation(blocked);
    storeDraft(draft('garden'));
    expect([lastDraft(), draftOf('garden')]).toEqual(['', '']);
  });
});

test('the version that an address names is taken once', () => {
  storeDraft(draft('garden'));
  history.replaceState(null, '', '/?preset=garden&version=3');
  expect(takeVersion()).toEqual(['garden', 3, draft('garden')]);
  expect(location.href).not.toContain('preset');
  expect(takeVersion()).toEqual(['', 0, '']);
});
