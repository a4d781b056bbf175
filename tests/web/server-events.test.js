import { describe, expect, test } from 'vitest';
import { EventParser } from '../../studio/web/lib/server-events.js';

const STREAM =
  'id: 0\nevent: update\ndata: {"type": "step"}\n\n: ping\n\nid: 1\nevent: done\ndata: {}\n\n';
const EVENTS = [
  { id: '0', event: 'update', data: '{"type": "step"}' },
  { id: '1', event: 'done', data: '{}' },
];

describe('server-sent events', () => {
  test('are read from one piece', () => {
    expect(new EventParser().push(STREAM)).toEqual(EVENTS);
  });

  test('are read from a stream that is cut anywhere', () => {
    for (let size = 1; size < STREAM.length; size += 1) {
      const parser = new EventParser();
      const pieces = STREAM.match(new RegExp(`.{1,${size}}`, 'gs')) ?? [];
      expect(pieces.flatMap((piece) => parser.push(piece))).toEqual(EVENTS);
    }
  });

  test('an event that is not complete is not told', () => {
    expect(new EventParser().push('id: 3\ndata: {}\n')).toEqual([]);
  });

  test('data may hold what separates names from values', () => {
    const [event] = new EventParser().push('data: a: b: c\n\n');
    expect(event.data).toBe('a: b: c');
  });
});
