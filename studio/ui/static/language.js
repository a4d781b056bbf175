// English or Chinese: as the browser has it, or as was chosen. Whatever a page shows is looked up
// in the list of its language as it appears; what stands under translate="no" is left alone.
import { TOLD } from './zh-CN-told.js';
import { PATTERNS, TEXTS } from './zh-CN.js';

const KEPT = 'doodle-theme-studio-language';
const ATTRIBUTES = ['placeholder', 'title', 'aria-label', 'alt'];
const LANGUAGES = { en: 'English', 'zh-CN': '中文' };

function wanted() {
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked in LANGUAGES) localStorage.setItem(KEPT, asked);
  const kept = localStorage.getItem(KEPT);
  if (kept in LANGUAGES) return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en';
}

function translated(text) {
  if (Object.hasOwn(TEXTS, text)) return TEXTS[text];
  for (const [pattern, form] of [...PATTERNS, ...TOLD]) {
    const found = text.match(pattern);
    if (found) return form.replace(/\$(\d)/g, (_, i) => translated(found[i].trim()) ?? found[i]);
  }
  return null;
}

function translateText(node) {
  const text = node.nodeValue.replace(/\s+/g, ' ').trim();
  if (!/[A-Za-z]/.test(text) || node.parentElement?.closest('[translate=no], textarea, style, script')) return;
  const found = translated(text);
  // Written only where it changes something: each change is followed.
  if (found !== null && found !== text) node.nodeValue = found;
}

// A box that only shows what was chosen: what its component writes into it is translated on the way.
function translateChosen(input) {
  const { get, set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
  const shown = (text) => set.call(input, translated(text) ?? text);
  Object.defineProperty(input, 'value', { get: () => get.call(input), set: shown });
  shown(get.call(input));
}

function translateElement(element) {
  if (element.closest('[translate=no]')) return;
  if (element.matches('input[role=combobox][readonly]') && !Object.hasOwn(element, 'value')) translateChosen(element);
  for (const name of ATTRIBUTES) {
    const value = element.getAttribute(name);
    const found = value && translated(value);
    if (found && found !== value) element.setAttribute(name, found);
  }
}

function translate(root) {
  if (root.nodeType === Node.TEXT_NODE) {
    translateText(root);
    return;
  }
  if (root.nodeType !== Node.ELEMENT_NODE) return;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = root; node; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) translateText(node);
    else translateElement(node);
  }
}

function follow(changes) {
  for (const change of changes) {
    if (change.type === 'childList') change.addedNodes.forEach(translate);
    else translate(change.target);
  }
}

// The other language, to be chosen beside the pages' names.
function offer(language) {
  const other = Object.keys(LANGUAGES).find((each) => each !== language);
  for (const nav of document.querySelectorAll('nav:not([data-language])')) {
    nav.dataset.language = language;
    const link = document.createElement('a');
    Object.assign(link, { href: '#', textContent: LANGUAGES[other], lang: other });
    link.setAttribute('translate', 'no');
    link.addEventListener('click', (event) => {
      event.preventDefault();
      localStorage.setItem(KEPT, other);
      const here = new URL(location.href);
      here.searchParams.delete('lang');
      location.replace(here.href.replace(/#$/, ''));
      if (here.href === location.href) location.reload();
    });
    nav.append(link);
  }
}

const language = wanted();
document.documentElement.lang = language;
offer(language);
new MutationObserver(() => offer(language)).observe(document.body, { childList: true, subtree: true });
if (language !== 'en') {
  document.title = document.title.split(' · ').map((part) => translated(part) ?? part).join(' · ');
  translate(document.body);
  new MutationObserver(follow).observe(document.body, {
    childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES,
  });
}
