// @vitest-environment jsdom
import './texts.js';
import '../../studio/web/pages/color-scheme.js';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import english from '../../studio/locales/en.json';
import { element, find } from '../../studio/web/lib/dom.js';
import { endText, mountActivityTray } from '../../studio/web/shell/activity-tray.js';
import { mountColorSchemeMenu } from '../../studio/web/shell/color-scheme-menu.js';
import { clampWidth, mountInspectorToggle, mountSplitter } from '../../studio/web/shell/panes.js';

// Before the imports: the system is dark, the window narrow.
vi.hoisted(() => {
  const matchMedia = () => Object.assign(new EventTarget(), { matches: true });
  Object.assign(globalThis, { matchMedia });
});

/** @import { Task } from '../../studio/web/components/task-list.js' */

/** @type {Task} */
const TASK = {
  name: 'robustness/neon-night/3',
  kind: 'robustness',
  subject: 'Neon night',
  version: 3,
  page: '/themes?theme=neon-night',
  started_at: '2026-11-27T10:00:00Z',
  state: 'running',
  message: '',
  done: 71,
  total: 168,
  remaining_seconds: 240,
  stopping: false,
};

/** @param {readonly Task[]} tasks that the server lists from now on */
function serve(tasks) {
  const fetch = vi.fn(async (/** @type {string} */ address) => {
    const isList = String(address).endsWith('/background-tasks');
    return new Response(JSON.stringify(isList ? tasks : english));
  });
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

beforeEach(() => {
  document.body.replaceChildren();
  document.documentElement.removeAttribute('style');
  localStorage.clear();
});

describe('the activity tray', () => {
  /** As `templates/shell.html` has it. */
  function tray() {
    const root = element('div');
    root.innerHTML = `<button><span class="activity-name"></span>
      <span class="activity-bar"><i></i></span><span class="activity-left"></span></button>
      <div id="activity-list"></div><p id="activity-status"></p>`;
    document.body.append(root);
    return root;
  }

  test('shows what runs, with the time left and a button that stops it', async () => {
    serve([{ ...TASK, name: 'run/1', kind: 'run' }, TASK]);
    const root = tray();
    await mountActivityTray(root)();
    expect(root.hasAttribute('data-empty')).toBe(false);
    expect(find(root, '.activity-name', HTMLElement).textContent).toBe('Run +1');
    expect(find(root, '.activity-bar i', HTMLElement).style.width).toBe('42%');
    expect(root.querySelectorAll('#activity-list .activity-task')).toHaveLength(2);
    expect(root.querySelector('#activity-list')?.textContent).toContain('71 of 168');
    const fetch = serve([]);
    find(root, '#activity-list button', HTMLButtonElement).click();
    expect(fetch).toHaveBeenCalledWith('/api/v1/background-tasks/cancel', expect.anything());
  });

  test('is empty but in its place where nothing runs, and tells how a task ended', async () => {
    serve([TASK]);
    const root = tray();
    const look = mountActivityTray(root);
    await look();
    serve([{ ...TASK, state: 'done', remaining_seconds: null }]);
    await look();
    expect(root.hasAttribute('data-empty')).toBe(true);
    expect(root.querySelector('#activity-list')?.textContent).toContain('Nothing is running.');
    const told = 'Robustness test Neon night: done';
    expect(root.querySelector('#activity-status')?.textContent).toBe(told);
    const failed = { ...TASK, state: /** @type {const} */ ('failed'), message: 'No model.' };
    expect(endText(failed)).toBe('Robustness test Neon night: failed. No model.');
  });
});

test('another color scheme is stored, and applied at once', () => {
  const radio = (/** @type {string} */ value) =>
    element('input', { type: 'radio', name: 's', value });
  const [system, light, dark] = ['system', 'light', 'dark'].map(radio);
  const menu = element('fieldset', {}, system, light, dark);
  document.body.append(menu);
  const applied = vi.fn();
  document.addEventListener('color-scheme', applied);
  mountColorSchemeMenu(menu);
  expect(system?.checked).toBe(true);
  dark?.click();
  expect(localStorage.getItem('doodle-theme-studio-color-scheme')).toBe('dark');
  system?.click();
  expect(localStorage.getItem('doodle-theme-studio-color-scheme')).toBeNull();
  expect(applied).toHaveBeenCalledTimes(2);
});

test('the color of the window’s frame follows the scheme, whatever the system has', () => {
  const meta = (/** @type {string} */ scheme) => {
    const made = element('meta', { name: 'theme-color' });
    made.dataset.scheme = scheme;
    return made;
  };
  const [light, dark] = [meta('light'), meta('dark')];
  document.head.append(light, dark);
  localStorage.setItem('doodle-theme-studio-color-scheme', 'light');
  document.dispatchEvent(new Event('color-scheme'));
  expect([light.media, dark.media]).toEqual(['all', 'not all']);
  light.remove();
  dark.remove();
});

test('the stored color scheme comes before the system’s, on the page and in Gradio', () => {
  document.body.append(document.createElement('gradio-app'));
  const shown = () => {
    document.dispatchEvent(new Event('color-scheme'));
    return [
      document.documentElement.style.colorScheme,
      document.documentElement.classList.contains('dark'),
      document.body.classList.contains('dark'),
      document.querySelector('gradio-app')?.getAttribute('theme_mode'),
    ];
  };
  localStorage.setItem('doodle-theme-studio-color-scheme', 'light');
  expect(shown()).toEqual(['light', false, false, 'light']);
  localStorage.removeItem('doodle-theme-studio-color-scheme');
  expect(shown()).toEqual(['dark', true, true, 'dark']);
});

describe('the panes', () => {
  const PANE = {
    pane: '#canvas-pane',
    property: '--canvas-width',
    least: 360,
    most: 900,
    growsBy: /** @type {const} */ (1),
  };

  /** A splitter beside a pane of 500 px. */
  function splitter() {
    const pane = element('div', { id: 'canvas-pane' });
    Object.defineProperty(pane, 'offsetWidth', { value: 500 });
    const made = element('div', { id: 'canvas-splitter' });
    document.body.append(pane, made);
    mountSplitter(made, PANE);
    return made;
  }

  test('have a width between two limits', () => {
    expect([100, 500.4, 5000].map((width) => clampWidth(PANE, width))).toEqual([360, 500, 900]);
  });

  test('are made wider and narrower by keys, which is stored', () => {
    const made = splitter();
    expect(made.getAttribute('aria-valuenow')).toBe('500');
    made.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
    const width = () => document.documentElement.style.getPropertyValue('--canvas-width');
    expect(width()).toBe('516px');
    expect(JSON.parse(localStorage.getItem('doodle-theme-studio-panes') ?? '')).toEqual({
      'canvas-splitter': 516,
    });
    document.documentElement.removeAttribute('style');
    document.body.replaceChildren();
    splitter();
    expect(width()).toBe('516px');
  });

  test('in a narrow window the inspector is a drawer, which Escape closes', () => {
    const button = element('button');
    document.body.append(button);
    mountInspectorToggle(button);
    const isOpen = () => document.documentElement.hasAttribute('data-inspector-open');
    button.click();
    expect([isOpen(), button.getAttribute('aria-expanded')]).toEqual([true, 'true']);
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
    expect([isOpen(), document.activeElement]).toEqual([false, button]);
  });
});
