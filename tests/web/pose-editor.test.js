// @vitest-environment jsdom
import './texts.js';
import { describe, expect, test } from 'vitest';
import { Pose, toKeypoint } from '../../studio/web/components/pose-editor.js';

describe('a point on the stage', () => {
  const box = { left: 100, top: 50, width: 200, height: 400 };

  test.each([
    [{ clientX: 200, clientY: 150 }, [0.5, 0.25]],
    [{ clientX: 100, clientY: 450 }, [0, 1]],
    [{ clientX: 0, clientY: 1000 }, [0, 1]],
    [{ clientX: 999, clientY: -1 }, [1, 0]],
  ])('%o', (point, expected) => {
    expect(toKeypoint(point, box)).toEqual(expected);
  });
});

describe('a pose', () => {
  test('begins with the first keypoint that is hidden', () => {
    const pose = new Pose();
    pose.load([[0.1, 0.1], null, [0.3, 0.3], null]);
    expect(pose.selected).toBe(1);
    pose.place([0.2, 0.2]);
    pose.selectHidden();
    expect(pose.selected).toBe(3);
    pose.place([0.4, 0.4]);
    pose.selectHidden();
    expect(pose.selected).toBe(3);
    expect(pose.keypoints).toEqual([
      [0.1, 0.1],
      [0.2, 0.2],
      [0.3, 0.3],
      [0.4, 0.4],
    ]);
  });

  test('with no keypoint hidden begins with the first', () => {
    const pose = new Pose();
    pose.load([null]);
    pose.load([
      [0.1, 0.1],
      [0.2, 0.2],
    ]);
    expect(pose.selected).toBe(0);
  });

  test('leaves what it was loaded from as it is', () => {
    /** @type {[number, number][]} */
    const stored = [[0.1, 0.1]];
    const pose = new Pose();
    pose.load(stored);
    pose.place(null);
    expect(stored).toEqual([[0.1, 0.1]]);
  });
});
