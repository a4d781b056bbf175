// @vitest-environment jsdom
import { expect, test } from 'vitest';
import { element, find, findAll } from '../../studio/web/lib/dom.js';

test('an element has its properties, and its children in order', () => {
  const link = element('a', { href: '/themes', className: 'big' }, 'Theme ', 7, null, undefined);
  const item = element('li', {}, link, '!');
  expect(item.outerHTML).toBe('<li><a href="/themes" class="big">Theme 7</a>!</li>');
});

test('a text is never read as HTML', () => {
  expect(element('p', {}, '<img src=x onerror=alert(1)>').children).toHaveLength(0);
});

test('what a page must have is found by its kind', () => {
  const form = element('form', {}, element('input', { id: 'a' }), element('p'), element('input'));
  expect(find(form, 'input', HTMLInputElement).id).toBe('a');
  expect(() => find(form, 'p', HTMLInputElement)).toThrow('no HTMLInputElement at "p"');
  expect(() => find(form, '#none', HTMLElement)).toThrow('#none');
  expect(findAll(form, '*', HTMLInputElement)).toHaveLength(2);
});
