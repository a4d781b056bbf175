import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ApiClient } from '../../studio/web/lib/api-client.js';
import { RequestError } from '../../studio/web/lib/http.js';

const fetch = vi.fn();

beforeEach(() => {
  vi.stubGlobal('fetch', fetch);
  vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 500 });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  fetch.mockReset();
});

/** @param {...number} ids */
const stream = (...ids) => ids.map((id) => `id: ${id}\nevent: news\ndata: {}\n\n`).join('');

/** @param {AsyncIterable<{ id: string }>} events */
async function idsOf(events, count = Infinity) {
  const ids = [];
  for await (const { id } of events) {
    ids.push(id);
    if (ids.length === count) break;
  }
  return ids;
}

test('a request carries the key', async () => {
  fetch.mockResolvedValueOnce(new Response('{"name": "First light"}'));
  expect(await new ApiClient('secret').get('/themes/x')).toEqual({ name: 'First light' });
  expect(fetch.mock.calls[0]).toEqual([
    '/api/v1/themes/x',
    { headers: { Authorization: 'Bearer secret' } },
  ]);
});

test('an error is that of the problem', async () => {
  fetch.mockResolvedValueOnce(new Response('{"detail": "bring a key"}', { status: 401 }));
  const failure = await new ApiClient('').get('/themes/x').catch((error) => error);
  expect(failure).toMatchObject({ message: 'bring a key', status: 401 });
});

describe('events', () => {
  test('go on behind the last one where a connection ended or broke', async () => {
    fetch.mockResolvedValueOnce(new Response(stream(0, 1)));
    fetch.mockRejectedValueOnce(new TypeError('Failed to fetch'));
    fetch.mockResolvedValueOnce(new Response(stream(2)));
    expect(await idsOf(new ApiClient('k').events('/requests/1/events'), 3)).toEqual([
      '0',
      '1',
      '2',
    ]);
    const lastIds = fetch.mock.calls.map(([, { headers }]) => headers['Last-Event-ID']);
    expect(lastIds).toEqual(['-1', '1', '1']);
  });

  test('end with an error where the server refuses', async () => {
    fetch.mockResolvedValueOnce(new Response('{"detail": "no such request"}', { status: 404 }));
    const events = idsOf(new ApiClient('k').events('/requests/1/events'));
    await expect(events).rejects.toThrow(RequestError);
  });
});
