import { describe, expect, test } from 'vitest';
import { translate } from '../../studio/web/lib/translate.js';

const TEMPLATES = {
  'page.empty': 'Nothing.',
  'page.of': '{done} of {total}',
  'list.separator': '; ',
};

describe('translate', () => {
  test.each([
    ['a text without placeholders', 'page.empty', undefined, 'Nothing.'],
    ['numbers', 'page.of', { done: 0, total: 4 }, '0 of 4'],
    [
      'a list, joined as the language joins lists',
      'page.of',
      { done: ['A', 'B'], total: 4 },
      'A; B of 4',
    ],
    ['an empty list', 'page.of', { done: [], total: 4 }, ' of 4'],
    ['a placeholder without a parameter', 'page.of', { done: 1 }, '1 of {total}'],
    ['an id that has no template', 'page.unknown', {}, 'page.unknown'],
    ['a sentence in the place of an id', 'Half of {total}.', { total: 4 }, 'Half of 4.'],
  ])('fills %s', (_, id, params, expected) => {
    expect(translate(TEMPLATES, id, params)).toBe(expected);
  });

  test('a parameter is never read as a template', () => {
    expect(translate(TEMPLATES, 'page.of', { done: '{total} $&', total: 4 })).toBe(
      '{total} $& of 4',
    );
  });

  test('lists have a separator where the language names none', () => {
    expect(translate({}, '{names}', { names: ['a', 'b'] })).toBe('a, b');
  });
});
