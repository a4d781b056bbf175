import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { getJson, postFile, postJson, RequestError } from '../../studio/web/lib/http.js';

const fetch = vi.fn();

beforeEach(() => {
  vi.stubGlobal('fetch', fetch);
});
afterEach(() => {
  vi.unstubAllGlobals();
  fetch.mockReset();
});

/**
 * @param {unknown} body
 * @param {number} status
 */
function answers(body, status = 200) {
  fetch.mockResolvedValueOnce(new Response(JSON.stringify(body), { status }));
}

describe('requests', () => {
  test('get asks without the header', async () => {
    answers([1]);
    expect(await getJson('/api/v1/admin/themes')).toEqual([1]);
    expect(fetch).toHaveBeenCalledWith('/api/v1/admin/themes', {});
  });

  test('post sends JSON and the header that says whose page asks', async () => {
    answers({ id: 7 });
    expect(await postJson('/api/v1/blind-tests', { title: 'a' })).toEqual({ id: 7 });
    const [address, options] = fetch.mock.calls[0];
    expect(address).toBe('/api/v1/blind-tests');
    expect(options).toMatchObject({ method: 'POST', body: '{"title":"a"}' });
    expect(options.headers).toEqual({ 'Content-Type': 'application/json', 'X-Studio': 'page' });
  });

  test('a post without a body sends an empty object; put is as asked', async () => {
    answers(null);
    await postJson('/x', undefined, { method: 'PUT' });
    expect(fetch.mock.calls[0][1]).toMatchObject({ method: 'PUT', body: '{}' });
  });

  test('a file is sent as it is', async () => {
    answers({});
    const file = new Blob(['abc']);
    await postFile('/api/v1/admin/themes', file);
    expect(fetch.mock.calls[0][1]).toMatchObject({
      method: 'POST',
      body: file,
      headers: { 'X-Studio': 'page' },
    });
  });

  test('an answer without content is null', async () => {
    fetch.mockResolvedValueOnce(new Response(null, { status: 204 }));
    expect(await postJson('/x')).toBeNull();
  });
});

describe('errors', () => {
  test.each([
    [
      'problem details',
      { title: 'Conflict', detail: 'another saved first' },
      'another saved first',
    ],
    ['another server', { detail: [{ loc: ['body'], msg: 'Field required' }] }, ''],
    ['something else', 'broken', ''],
  ])('of %s have its line', async (_, body, message) => {
    answers(body, 409);
    const failure = await postJson('/x').catch((error) => error);
    expect(failure).toBeInstanceOf(RequestError);
    expect(failure).toMatchObject({ message, status: 409, body });
  });

  test('an answer that is no JSON', async () => {
    fetch.mockResolvedValueOnce(new Response('<h1>Bad gateway</h1>', { status: 502 }));
    const failure = await getJson('/x').catch((error) => error);
    expect(failure).toMatchObject({ message: '', status: 502, body: null });
  });

  test('a server that cannot be reached', async () => {
    fetch.mockRejectedValueOnce(new TypeError('Failed to fetch'));
    await expect(getJson('/x')).rejects.toMatchObject({ name: 'RequestError', status: 0 });
  });
});
