import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { poll } from '../../studio/web/lib/poll.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const paused = () => false;

/** @param {number} ms */
const pass = (ms) => vi.advanceTimersByTimeAsync(ms);

describe('polling', () => {
  test('looks at once, then every so often, until it is stopped', async () => {
    const look = vi.fn();
    const { stop } = poll(look, { every: 100, paused });
    await pass(0);
    expect(look).toHaveBeenCalledTimes(1);
    await pass(250);
    expect(look).toHaveBeenCalledTimes(3);
    stop();
    await pass(1000);
    expect(look).toHaveBeenCalledTimes(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('waits for a look to end before the next', async () => {
    let under_way = 0;
    let most = 0;
    const look = vi.fn(async () => {
      under_way += 1;
      most = Math.max(most, under_way);
      await new Promise((resolve) => setTimeout(resolve, 500));
      under_way -= 1;
    });
    const { now, stop } = poll(look, { every: 100, paused });
    now();
    await pass(1650);
    expect(most).toBe(1);
    expect(look).toHaveBeenCalledTimes(3); // At 0, at 500 as asked, at 1100.
    stop();
  });

  test('ends when a look returns false', async () => {
    const look = vi.fn(async () => look.mock.calls.length < 3);
    poll(look, { every: 10, paused });
    await pass(1000);
    expect(look).toHaveBeenCalledTimes(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('goes on after an error, and tells each and when it is over', async () => {
    /** @type {unknown[]} */
    const told = [];
    const look = vi.fn(async () => {
      if (look.mock.calls.length === 2) throw new Error('away');
    });
    const { stop } = poll(look, {
      every: 10,
      paused,
      onError: (error) => told.push(/** @type {Error} */ (error).message),
      onSuccess: () => told.push('well'),
    });
    await pass(25);
    expect(told).toEqual(['well', 'away', 'well']);
    stop();
  });

  test('a handler that fails itself does not end it', async () => {
    const look = vi.fn();
    let broken = false;
    const { now, stop } = poll(look, {
      every: 10,
      paused,
      onSuccess: () => {
        if (broken) throw new Error('of the handler');
      },
    });
    await pass(0);
    broken = true;
    await expect(now()).rejects.toThrow('of the handler');
    broken = false;
    await pass(10);
    expect(look).toHaveBeenCalledTimes(3);
    stop();
  });

  test('asks after each look how long to wait', async () => {
    const waits = [100, 1000, 100];
    const look = vi.fn();
    const { stop } = poll(look, { every: () => waits.shift() ?? 1e9, paused });
    await pass(150);
    expect(look).toHaveBeenCalledTimes(2);
    await pass(900);
    expect(look).toHaveBeenCalledTimes(2);
    await pass(100);
    expect(look).toHaveBeenCalledTimes(3);
    stop();
  });

  test('does not look while the page is hidden', async () => {
    const look = vi.fn();
    const page = { hidden: true };
    vi.stubGlobal('document', page);
    const { stop } = poll(look, { every: 100 });
    await pass(1000);
    expect(look).not.toHaveBeenCalled();
    page.hidden = false;
    await pass(100);
    expect(look).toHaveBeenCalledTimes(1);
    stop();
    vi.unstubAllGlobals();
  });

  test('a look that is asked for comes at once, and the next so long after it', async () => {
    const look = vi.fn();
    const { now, stop } = poll(look, { every: 100, paused });
    await pass(90);
    await now();
    expect(look).toHaveBeenCalledTimes(2);
    await pass(90);
    expect(look).toHaveBeenCalledTimes(2);
    await pass(10);
    expect(look).toHaveBeenCalledTimes(3);
    stop();
  });

  test('ends with its signal', async () => {
    const look = vi.fn();
    const ending = new AbortController();
    poll(look, { every: 100, paused, signal: ending.signal });
    await pass(150);
    ending.abort();
    await pass(1000);
    expect(look).toHaveBeenCalledTimes(2);
    poll(look, { every: 100, paused, signal: ending.signal });
    await pass(1000);
    expect(look).toHaveBeenCalledTimes(2);
  });

  test('does not tell of an error of the look that its signal aborted', async () => {
    const onError = vi.fn();
    const ending = new AbortController();
    const { signal } = ending;
    const aborted = () =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    poll(aborted, { every: 100, paused, onError, signal });
    await pass(50);
    ending.abort();
    await pass(1000);
    expect(onError).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
