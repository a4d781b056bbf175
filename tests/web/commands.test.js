// @vitest-environment jsdom
import './texts.js';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import english from '../../studio/locales/en.json';
import chinese from '../../studio/locales/zh-CN.json';
import { element, find, findAll } from '../../studio/web/lib/dom.js';
import { fuzzyScore } from '../../studio/web/lib/fuzzy.js';
import { hintKey, KEYS, keyText, PLACES } from '../../studio/web/lib/keys.js';
import { markReady } from '../../studio/web/lib/ready.js';
import { COMMANDS, offered } from '../../studio/web/shell/commands.js';
import { mountKeyCommands } from '../../studio/web/shell/key-commands.js';
import { openPalette, search } from '../../studio/web/shell/palette.js';
import { showShortcuts } from '../../studio/web/shell/shortcuts.js';

// jsdom has no modal dialogs.
HTMLDialogElement.prototype.showModal = function showModal() {
  this.open = true;
};
HTMLDialogElement.prototype.close = function close() {
  this.open = false;
  this.dispatchEvent(new Event('close'));
};
mountKeyCommands();

/** @param {string} html of the body */
function show(html) {
  document.body.innerHTML = html;
}

/**
 * @param {string} key
 * @param {KeyboardEventInit} [modifiers]
 * @param {EventTarget} [target]
 * @returns {boolean} whether somebody took it
 */
function press(key, modifiers = {}, target = document.body) {
  const options = { key, bubbles: true, cancelable: true, ...modifiers };
  return !target.dispatchEvent(new KeyboardEvent('keydown', options));
}

/** @param {string} selector */
function clicksOf(selector) {
  const clicked = vi.fn();
  find(document, selector, HTMLElement).addEventListener('click', clicked);
  return clicked;
}

beforeEach(() => {
  show('');
  document.documentElement.setAttribute('data-opened', 'yes');
});

describe('controls that wait for their script', () => {
  test('take presses once the page is ready; links, and what waits for more, stay as they are', () => {
    show(`<header class="topbar"><button id="account" inert data-waits></button></header>
      <main><a href="/themes">Themes</a><button id="publish" inert data-waits>Publish</button>
      <section inert></section></main>`);
    expect(offered('#publish')).toBeUndefined();
    markReady();
    expect(offered('#publish')).toBeInstanceOf(HTMLButtonElement);
    expect(document.querySelectorAll('[inert]')).toHaveLength(2);
    markReady('.topbar > button');
    expect(document.querySelectorAll('[data-waits]')).toHaveLength(0);
    expect(document.querySelector('section[inert]')).not.toBeNull();
  });
});

describe('keys', () => {
  test('Ctrl+Enter generates from anywhere, also from a text, but not under a dialog', () => {
    show('<textarea></textarea><button id="generate">Generate</button>');
    const clicked = clicksOf('#generate');
    const text = find(document, 'textarea', HTMLElement);
    expect(press('Enter', { ctrlKey: true }, text)).toBe(true);
    expect(press('Enter', { metaKey: true })).toBe(true);
    expect(clicked).toHaveBeenCalledTimes(2);
    const dialog = document.createElement('dialog');
    dialog.open = true;
    document.body.append(dialog);
    expect(press('Enter', { ctrlKey: true })).toBe(false);
    expect(clicked).toHaveBeenCalledTimes(2);
  });

  test('characters are text where one types, and keys elsewhere, on every layout', () => {
    show('<input><input type="range"><button id="inspector-toggle">Recipes</button>');
    const clicked = clicksOf('#inspector-toggle');
    expect(press('\\', {}, find(document, 'input', HTMLElement))).toBe(false);
    expect(press('\\', { ctrlKey: true })).toBe(false);
    const range = find(document, '[type=range]', HTMLElement);
    expect(press('\\', {}, range)).toBe(true);
    const altGr = { ctrlKey: true, altKey: true, modifierAltGraph: true };
    expect(press('\\', altGr, range)).toBe(true);
    expect(clicked).toHaveBeenCalledTimes(2);
  });

  test('"/" goes to the search of a page that has one, else to the palette', () => {
    show('<button id="palette-open">Search</button>');
    const opened = clicksOf('#palette-open');
    press('/');
    press('k', { ctrlKey: true });
    expect(opened).toHaveBeenCalledTimes(2);
    document.body.insertAdjacentHTML('beforeend', '<form id="search"><input type="search"></form>');
    press('/');
    expect(document.activeElement).toBe(document.querySelector('[type=search]'));
    expect(opened).toHaveBeenCalledTimes(2);
  });

  test('nothing of the studio is pressed before its page has opened', () => {
    document.documentElement.removeAttribute('data-opened');
    show('<gradio-app><button id="generate">Generate</button></gradio-app>');
    expect(press('Enter', { ctrlKey: true })).toBe(false);
  });

  test('each command of the registry is one of the pages, and each text is there', () => {
    const ids = COMMANDS.map(({ id }) => id);
    const commands = KEYS.flatMap(({ command }) => (command ? [command] : []));
    expect(commands.filter((command) => !ids.includes(command))).toEqual([]);
    const texts = [...KEYS, ...COMMANDS].map(({ text }) => text).concat(Object.values(PLACES));
    expect(texts.filter((id) => !(id in english))).toEqual([]);
  });

  test('tooltips and the list name them, as the keyboard does', () => {
    const button = element('button', {}, 'Generate');
    hintKey(button, 'generate');
    expect(button.title).toBe('Generate (Ctrl+Enter)');
    expect(button.getAttribute('aria-keyshortcuts')).toBe('Control+Enter');
    expect(keyText('Ctrl+Shift+Z', true)).toBe('⌘⇧Z');
    showShortcuts();
    const dialog = find(document, 'dialog', HTMLDialogElement);
    expect(dialog.querySelectorAll('section')).toHaveLength(Object.keys(PLACES).length);
    expect(dialog.querySelectorAll('dd')).toHaveLength(KEYS.length);
    find(dialog, 'button', HTMLElement).click();
    expect(document.querySelector('dialog')).toBeNull();
  });
});

describe('the palette', () => {
  const ITEMS = ['Generate', 'Review & publish…', 'Themes', 'Neon night', 'API keys'].map(
    (label) => ({
      label,
      hint: '',
      textId: label === 'Generate' ? 'studio.generate' : undefined,
      run: vi.fn(),
    }),
  );
  /** @param {string} query */
  const found = (query) => search(ITEMS, query, [chinese]).map(({ label }) => label);

  test('finds by words, by beginnings and by letters in order, the best first', () => {
    expect(fuzzyScore('gen', 'Generate')).toBeGreaterThan(fuzzyScore('gnr', 'Generate'));
    expect(fuzzyScore('night', 'Neon night')).toBeGreaterThan(fuzzyScore('ight', 'Neon night'));
    expect(fuzzyScore('xyz', 'Generate')).toBe(0);
    expect(found('night neon')).toEqual(['Neon night']);
    expect(found('gnrt')).toEqual(['Generate']);
    expect(found('')).toHaveLength(5);
    expect(found('qqq')).toEqual([]);
  });

  test('finds by the words of another language, and by ids', () => {
    expect(found('生成')).toEqual(['Generate']);
    expect(found('studio.gen')).toEqual(['Generate']);
  });

  test('offers the page’s commands, its pages and the themes; Enter runs what the arrows chose', async () => {
    const themes = [{ slug: 'picnic', name: 'Picnic', latest: 3 }];
    const respond = async (/** @type {string} */ url) =>
      new Response(JSON.stringify(url.includes('/themes') ? themes : chinese));
    vi.stubGlobal('fetch', respond);
    show(`<button id="generate">Generate</button><button id="stop" disabled>Stop</button>
      <nav class="rail"><a href="#history" data-text="page.history.title">History</a></nav>
      <div id="account-menu"><a data-language="zh-CN" href="#zh">中文</a></div>
      <fieldset id="color-scheme"><label><input type="radio">Dark</label></fieldset>`);
    const clicked = clicksOf('#generate');
    openPalette();
    const field = find(document, '[role=combobox]', HTMLInputElement);
    const labels = () =>
      findAll(document, '[role=option] span', HTMLElement).map((each) => each.textContent);
    expect(labels()).toEqual(['Generate', 'History', 'Language: 中文', 'Appearance: Dark']);
    await vi.waitFor(() => expect(labels()).toContain('Picnic'));
    const active = () => {
      const id = field.getAttribute('aria-activedescendant') ?? '';
      return document.getElementById(id)?.querySelector('span')?.textContent;
    };
    press('ArrowUp', {}, field);
    expect(active()).toBe('Picnic');
    press('ArrowDown', {}, field);
    expect(active()).toBe('Generate');
    field.value = '历史';
    field.dispatchEvent(new Event('input'));
    expect(labels()).toEqual(['History']);
    field.value = 'gener';
    field.dispatchEvent(new Event('input'));
    press('Enter', {}, field);
    expect(clicked).toHaveBeenCalledOnce();
    expect(document.querySelector('dialog')).toBeNull();
  });
});
