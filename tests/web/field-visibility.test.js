// @vitest-environment jsdom
import { expect, test } from 'vitest';
import { element } from '../../studio/web/lib/dom.js';
import { applyVisibility } from '../../studio/web/studio/field-visibility.js';

const RULES = [
  { trigger_id: 'A-loras-0-model-name', group: 'A-loras-0-', hidden_values: ['none', '', null] },
  { trigger_id: 'A-upscale-enabled', group: 'A-upscale-', hidden_values: [false] },
];

test('fields without effect are hidden, but not those that decide it, nor others', () => {
  const ids = [
    'A-loras-0-model-name',
    'A-loras-0-weight',
    'A-loras-1-weight',
    'A-upscale-enabled',
    'A-upscale-steps',
  ];
  document.body.append(...ids.map((id) => element('div', { id })));
  const hidden = () =>
    ids.filter((id) => {
      const field = document.getElementById(id);
      return field && getComputedStyle(field).display === 'none';
    });
  applyVisibility(RULES, 'none', true);
  expect(hidden()).toEqual(['A-loras-0-weight']);
  applyVisibility(RULES, null, false);
  expect(hidden()).toEqual(['A-loras-0-weight', 'A-upscale-steps']);
  // Gradio renders a tab's fields anew when it is opened.
  document.getElementById('A-upscale-steps')?.replaceWith(element('div', { id: ids[4] }));
  expect(hidden()).toEqual(['A-loras-0-weight', 'A-upscale-steps']);
  applyVisibility(RULES, 'glow', true);
  expect(hidden()).toEqual([]);
  expect(document.head.querySelectorAll('style')).toHaveLength(2);
});
