// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from 'vitest';
import { element, find } from '../../studio/web/lib/dom.js';
import './texts.js';

beforeEach(async () => {
  vi.stubGlobal('fetch', async () => new Response('[]'));
  const header = element('div', { id: 'header' }, element('div', { className: 'form' }));
  const link = element('div', { id: 'review-link' }, element('a', { href: '/elsewhere' }));
  header.append(element('button', { id: 'save' }), link);
  document.body.replaceChildren(header);
  vi.resetModules();
  await import('../../studio/web/studio/version-state.js');
});

/** @param {{ slug: string, version: number, count: number }} detail */
function edited(detail) {
  document.dispatchEvent(new CustomEvent('unsaved-changes', { detail }));
}

test('the link to the review is that of the version that is shown', () => {
  const link = find(document, '#review-link a', HTMLAnchorElement);
  edited({ slug: 'quick', version: 1, count: 0 });
  expect(link.pathname).toBe('/themes/quick/versions/1/review');
  edited({ slug: 'quick', version: 2, count: 0 });
  expect(link.pathname).toBe('/themes/quick/versions/2/review');
  expect(document.querySelector('#version-state')?.textContent).toContain('v2');
});
