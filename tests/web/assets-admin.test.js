// @vitest-environment jsdom
import './texts.js';
import { describe, expect, test } from 'vitest';
import { filterModels, modelSections } from '../../studio/web/components/model-card.js';
import { Pose } from '../../studio/web/components/pose-editor.js';
import { cropBox, storedSize } from '../../studio/web/lib/image-import.js';
import { filterLog } from '../../studio/web/lib/log-lines.js';

/** @import { Model, ModelKind } from '../../studio/web/components/model-card.js' */

/**
 * @param {ModelKind} kind
 * @param {string} name
 * @returns {Model}
 */
function model(kind, name) {
  return {
    kind,
    name,
    family: 'sd15',
    size_bytes: 2.1e9,
    sha256: 'ab'.repeat(32),
    trigger_words: [],
    tier: 'disk',
    preview: null,
  };
}

describe('an image that becomes a base image', () => {
  test.each([
    [null, 0.5, { x: 0, y: 0, width: 3000, height: 2000 }],
    [1, 0, { x: 0, y: 0, width: 2000, height: 2000 }],
    [1, 1, { x: 1000, y: 0, width: 2000, height: 2000 }],
    [3 / 4, 0.5, { x: 750, y: 0, width: 1500, height: 2000 }],
    [3, 0.5, { x: 0, y: 500, width: 3000, height: 1000 }],
  ])('cropped to %s at %d', (aspect, position, expected) => {
    expect(cropBox({ width: 3000, height: 2000 }, aspect, position)).toEqual(expected);
  });

  test.each([
    [3000, 2000, 1024, 680],
    [512, 384, 512, 384],
    [2000, 2000, 1024, 1024],
    [100, 61, 104, 64],
  ])('of %d × %d is stored as %d × %d', (width, height, storedWidth, storedHeight) => {
    expect(storedSize({ width, height })).toEqual({ width: storedWidth, height: storedHeight });
  });
});

test('models are grouped by kind, with the themes that use them', () => {
  const models = [model('lora', 'glow'), model('checkpoint', 'ink'), model('checkpoint', 'Water')];
  const sections = modelSections(models, ({ name }) =>
    name === 'ink'
      ? [
          { slug: 'a', name: 'Autumn', live: true },
          { slug: 'b', name: 'Spring', live: false },
        ]
      : [],
  );
  expect(sections.map((each) => each.querySelector('h2')?.textContent)).toEqual([
    'Base model',
    'LoRA',
  ]);
  const [ink, water] = sections[0].querySelectorAll('article');
  expect(ink.textContent).toContain('2.1 GB');
  expect(ink.textContent).toContain('Used by Autumn (live), Spring');
  expect(water.textContent).toContain('Not used by a theme');
  expect(filterModels(models, ' WAT', '').map(({ name }) => name)).toEqual(['Water']);
  expect(filterModels(models, '', 'lora').map(({ name }) => name)).toEqual(['glow']);
});

test('a pose is undone change by change', () => {
  const pose = new Pose();
  pose.load([[0.1, 0.1], null]);
  expect(pose.isChanged).toBe(false);
  pose.record();
  pose.place([0.2, 0.2]);
  pose.place([0.3, 0.3]);
  pose.record();
  pose.place(null);
  expect(pose.keypoints).toEqual([[0.1, 0.1], null]);
  pose.undo();
  expect(pose.keypoints).toEqual([
    [0.1, 0.1],
    [0.3, 0.3],
  ]);
  pose.undo();
  expect([pose.keypoints, pose.isChanged]).toEqual([[[0.1, 0.1], null], false]);
  pose.undo();
  expect(pose.keypoints).toEqual([[0.1, 0.1], null]);
});

test('the log is filtered by text and by level', () => {
  const lines = [
    '12:00 INFO studio: Started',
    '12:01 WARNING studio: slow',
    '12:02 ERROR x: failed',
  ];
  expect(filterLog(lines, 'STUDIO', false)).toEqual(lines.slice(0, 2));
  expect(filterLog(lines, '', true)).toEqual(lines.slice(1));
});
