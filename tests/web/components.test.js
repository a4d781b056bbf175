// @vitest-environment jsdom
import './texts.js';
import { describe, expect, test, vi } from 'vitest';
import { mountImageRadio } from '../../studio/web/components/image-radio.js';
import { radioGroup } from '../../studio/web/components/radio-group.js';
import { histogram, histogramBars } from '../../studio/web/components/score-chart.js';
import { EndedTasks, percentDone } from '../../studio/web/components/task-list.js';
import { element, find } from '../../studio/web/lib/dom.js';

/** @import { Task } from '../../studio/web/components/task-list.js' */

/** @param {Element} root */
const checked = (root) => [...root.children].map((each) => each.getAttribute('aria-checked'));

describe('a radio group', () => {
  test('has one button checked, and tells which is pressed', () => {
    const group = element('div');
    const onSelect = vi.fn();
    const check = radioGroup(group, ['a', 'b'], (name) => element('button', {}, name), onSelect);
    expect(checked(group)).toEqual(['false', 'false']);
    check('b');
    expect(checked(group)).toEqual(['false', 'true']);
    expect(group.children[0].outerHTML).toBe(
      '<button type="button" role="radio" aria-checked="false">a</button>',
    );
    find(group, 'button', HTMLButtonElement).click();
    expect(onSelect).toHaveBeenCalledExactlyOnceWith('a');
  });

  test('of images gives its value to Python and shows what Python sets', () => {
    const row = element('div', {}, element('button'), element('button'));
    for (const [index, button] of [...row.children].entries()) {
      button.setAttribute('data-id', `base-${index}`);
    }
    const props = { value: /** @type {string | null} */ ('base-1') };
    const trigger = vi.fn();
    const watch = vi.fn();
    mountImageRadio({ element: row, props, trigger, watch });
    expect(checked(row)).toEqual(['false', 'true']);
    find(row, 'button', HTMLButtonElement).click();
    expect([props.value, ...trigger.mock.calls]).toEqual(['base-0', ['input']]);
    expect(checked(row)).toEqual(['true', 'false']);
    props.value = null;
    for (const [, callback] of watch.mock.calls) callback();
    expect(checked(row)).toEqual(['false', 'false']);
  });
});

describe('scores', () => {
  test('are counted by bins, 1 in the last', () => {
    expect(histogram([0, 0.24, 0.25, 0.99, 1], 4)).toEqual([2, 1, 0, 2]);
  });

  test('over the threshold are marked; the highest bar is full', () => {
    const bars = histogramBars([0.9, 0.9, 0.1], 0.8);
    expect(bars.filter((bar) => bar.className === 'over')).toHaveLength(4);
    expect(bars[18].style.height).toBe('100%');
    expect(bars[2].style.height).toBe('50%');
    expect(bars[2].title).toBe('0.10: 1');
  });
});

describe('background tasks', () => {
  /**
   * @param {string} name
   * @param {Task['state']} state
   * @returns {Task}
   */
  const task = (name, state, startedAt = '2026-11-27T10:00:00Z') => ({
    name,
    state,
    started_at: startedAt,
    kind: 'study',
    subject: name,
    version: null,
    page: '/tuning',
    message: '',
    done: 0,
    total: 0,
    remaining_seconds: null,
    stopping: false,
  });
  /** @param {Task[]} tasks */
  const names = (tasks) => tasks.map((each) => each.name);

  test('are told of once when they have ended, and not when they had before', () => {
    const ended = new EndedTasks();
    expect(ended.update([task('a', 'running'), task('b', 'done')])).toEqual([]);
    expect(names(ended.update([task('a', 'failed'), task('b', 'done')]))).toEqual(['a']);
    expect(ended.update([task('a', 'failed'), task('b', 'done')])).toEqual([]);
  });

  test('of one name are told of again when they were started anew', () => {
    const ended = new EndedTasks();
    ended.update([task('a', 'done')]);
    expect(names(ended.update([task('a', 'done', '2026-11-27T11:00:00Z')]))).toEqual(['a']);
  });

  test('have a share, which is 0 while they are prepared', () => {
    expect(percentDone({ done: 0, total: 0 })).toBe(0);
    expect(percentDone({ done: 2, total: 3 })).toBe(67);
  });
});
