import { describe, expect, test } from 'vitest';
import { History } from '../../studio/web/canvas/history.js';

/** A document of one letter with undo, as the canvas uses it. */
class Letter {
  /** @type {History<string>} */
  history = new History();

  /** @param {string} value */
  constructor(value) {
    this.value = value;
  }

  /** @param {string} value */
  write(value, limit = 10) {
    this.history.record(this.value, limit);
    this.value = value;
  }

  undo() {
    this.value = this.history.undo(() => this.value) ?? this.value;
  }

  redo() {
    this.value = this.history.redo(() => this.value) ?? this.value;
  }
}

describe('undo and redo', () => {
  test('go back and forth over every change', () => {
    const letter = new Letter('a');
    letter.write('b');
    letter.write('c');
    letter.undo();
    letter.undo();
    expect(letter.value).toBe('a');
    expect(letter.history.canUndo).toBe(false);
    letter.redo();
    letter.redo();
    expect(letter.value).toBe('c');
    expect(letter.history.canRedo).toBe(false);
  });

  test('take no snapshot where there is nothing to go back to', () => {
    const history = new History();
    const fail = () => expect.fail('asked for a snapshot');
    expect(history.undo(fail)).toBeUndefined();
    expect(history.redo(fail)).toBeUndefined();
  });

  test('a change after undo forgets what was undone', () => {
    const letter = new Letter('a');
    letter.write('b');
    letter.undo();
    letter.write('c');
    expect(letter.history.canRedo).toBe(false);
    letter.undo();
    expect(letter.value).toBe('a');
  });

  test('the oldest goes first when there are too many', () => {
    const letter = new Letter('a');
    for (const value of 'bcde') letter.write(value, 2);
    for (let i = 0; i < 5; i++) letter.undo();
    expect(letter.value).toBe('c');
  });

  test('a change that was withdrawn is no step', () => {
    const letter = new Letter('a');
    letter.write('b');
    letter.history.record('b', 10);
    letter.history.drop();
    letter.undo();
    expect(letter.value).toBe('a');
  });

  test('clear forgets both ways', () => {
    const letter = new Letter('a');
    letter.write('b');
    letter.write('c');
    letter.undo();
    letter.history.clear();
    expect([letter.history.canUndo, letter.history.canRedo]).toEqual([false, false]);
  });
});
