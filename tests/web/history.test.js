import { describe, expect, test } from 'vitest';
import { History } from '../../studio/web/canvas/history.js';

/** A document of one letter with undo, as the canvas uses it. */
class Letter {
  /** @type {History<string>} */
  history;

  /** @param {string} value */
  constructor(value, limit = 10) {
    this.value = value;
    this.history = new History((step) => step.length, limit);
  }

  /** @param {string} value */
  write(value) {
    this.history.record(this.value);
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
    const { history } = new Letter('a');
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

  test('the oldest goes first when they take too much room, the newest never', () => {
    const letter = new Letter('a', 2);
    for (const value of 'bcde') letter.write(value);
    for (let i = 0; i < 5; i++) letter.undo();
    expect(letter.value).toBe('c');
    letter.write('long');
    letter.write('e');
    letter.undo();
    expect(letter.value).toBe('long');
    expect(letter.history.canUndo).toBe(false);
  });

  test('go on from what was kept, both ways', () => {
    const letter = new Letter('a');
    for (const value of 'bcd') letter.write(value);
    letter.undo();
    const again = new Letter(letter.value);
    again.history.resume(letter.history.steps(1));
    again.redo();
    expect(again.value).toBe('d');
    again.undo();
    again.undo();
    expect(again.value).toBe('b');
    expect(again.history.canUndo).toBe(false);
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
