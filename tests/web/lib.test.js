// @vitest-environment jsdom
import './texts.js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { element, formQuery } from '../../studio/web/lib/dom.js';
import { errorText, oneAtATime, onPress, withErrorDisplay } from '../../studio/web/lib/errors.js';
import { RequestError } from '../../studio/web/lib/http.js';
import { t } from '../../studio/web/lib/i18n.js';
import { signedInUser } from '../../studio/web/lib/session.js';
import { slugify } from '../../studio/web/lib/slug.js';
import { persistAuthor, STORAGE_KEYS } from '../../studio/web/lib/storage.js';
import { row, setRows } from '../../studio/web/lib/table.js';

afterEach(() => {
  document.body.replaceChildren();
  localStorage.clear();
});

describe('an error', () => {
  test.each([
    ['of the server', new RequestError('no theme named x', 404, null), 'no theme named x'],
    ['of a request', new RequestError('', 422, null), t('page.invalid_request')],
    ['of the network', new RequestError('', 0, null), t('page.unreachable')],
    ['of a proxy', new RequestError('', 502, null), t('page.server_failed', { status: 502 })],
    ['of a script', new TypeError('x is not a function'), 'x is not a function'],
    ['that is no Error', 'odd', 'odd'],
  ])('%s is one line', (_, error, expected) => {
    expect(errorText(error)).toBe(expected);
  });

  test('is shown until the next action begins', async () => {
    const alert = element('p', { id: 'error' });
    document.body.append(alert);
    await withErrorDisplay(() => Promise.reject(new Error('too many')));
    expect(alert.textContent).toBe('too many');
    await withErrorDisplay(() => {});
    expect(alert.textContent).toBe('');
  });
});

describe('an action', () => {
  test('is not started again while it runs', async () => {
    document.body.append(element('p', { id: 'error' }));
    /** @type {() => void} */
    let finish = () => undefined;
    const action = vi.fn(() => new Promise((resolve) => (finish = () => resolve(null))));
    const start = oneAtATime(action);
    const first = start();
    await start();
    expect(action).toHaveBeenCalledOnce();
    finish();
    await first;
    start();
    expect(action).toHaveBeenCalledTimes(2);
  });

  test('of a button shows its error in its place, and can be tried again', async () => {
    const place = element('p');
    const button = element('button');
    const action = vi.fn().mockRejectedValueOnce(new Error('too many'));
    onPress(button, action, place);
    button.click();
    await vi.waitFor(() => expect(place.textContent).toBe('too many'));
    button.click();
    await vi.waitFor(() => expect(place.textContent).toBe(''));
    expect(action).toHaveBeenCalledTimes(2);
  });
});

test('a query has what is filled in of a form', () => {
  const form = element(
    'form',
    {},
    element('input', { name: 'text', value: 'a b' }),
    element('input', { name: 'client' }),
    element('input', { name: 'archived', type: 'checkbox', value: 'true', checked: true }),
    element('input', { name: 'other', type: 'checkbox', value: 'true' }),
    element('input', { name: 'file', type: 'file' }),
  );
  expect(formQuery(form).toString()).toBe('text=a+b&archived=true');
});

test.each([
  ['Mia in the garden', 'mia-in-the-garden'],
  ['  Émile & Zoé! ', 'mile-zo'],
  ['米娅', ''],
  ['x'.repeat(80), 'x'.repeat(63)],
])('the slug of %s', (name, expected) => {
  expect(slugify(name)).toBe(expected);
});

describe('rows of a table', () => {
  test('replace those before', () => {
    const body = element('tbody', {}, row('old'));
    setRows(body, [row('a', 1, null, undefined, element('b', {}, 'c'))]);
    expect(body.innerHTML).toBe('<tr><td>a</td><td>1</td><td></td><td></td><td><b>c</b></td></tr>');
  });

  test('are one line over the width of the table where there are none', () => {
    const head = element('tr', {}, element('th'), element('th'));
    const body = element('tbody');
    element('table', {}, element('thead', {}, head), body);
    setRows(body, [], 'Queue is empty.');
    expect(body.innerHTML).toBe('<tr><td colspan="2">Queue is empty.</td></tr>');
  });
});

test("the operator's name is stored when it changes", () => {
  const input = persistAuthor(element('input'));
  expect(input.value).toBe('');
  input.value = 'Ada';
  input.dispatchEvent(new Event('change'));
  expect(localStorage.getItem(STORAGE_KEYS.author)).toBe('Ada');
  expect(persistAuthor(element('input')).value).toBe('Ada');
});

test('the user who is signed in is that of the cookie', () => {
  expect(signedInUser()).toBeNull();
  Object.assign(document, { cookie: 'studio-user=Ada%20L' });
  expect(signedInUser()).toBe('Ada L');
  Object.assign(document, { cookie: 'studio-user=; max-age=0' });
});
