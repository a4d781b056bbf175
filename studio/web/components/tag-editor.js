/** The tags of a theme, each removable, and a field for the next one. */
import { element } from '../lib/dom.js';
import { onPress, onSend } from '../lib/errors.js';
import { postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { THEMES } from './theme-actions.js';

const MAX_TAG = 30;
const MAX_TAGS = 12;

/**
 * @param {string} slug of the theme
 * @param {readonly string[]} initial
 * @returns {HTMLElement}
 */
export function tagEditor(slug, initial) {
  let tags = initial;
  const list = element('span', { className: 'tags' });
  const input = element('input', {
    maxLength: MAX_TAG,
    placeholder: t('page.themes.add_tag'),
    ariaLabel: t('page.themes.add_tag'),
  });
  const form = element('form', { className: 'tag-editor', autocomplete: 'off' }, list, input);

  function show() {
    list.replaceChildren(...tags.map(removableTag));
    input.hidden = tags.length >= MAX_TAGS;
  }

  /** @param {string} tag */
  function removableTag(tag) {
    const label = t('page.themes.remove_tag', { tag });
    const remove = element('button', { type: 'button', ariaLabel: label, title: label }, '×');
    onPress(remove, () => save(tags.filter((each) => each !== tag)));
    return element('span', { className: 'tag', translate: false }, tag, remove);
  }

  /** @param {readonly string[]} wanted */
  async function save(wanted) {
    const url = `${THEMES}/${slug}/tags`;
    const saved = await postJson(url, { tags: wanted }, { method: 'PUT' });
    tags = /** @type {{ tags: string[] }} */ (saved).tags;
    show();
    input.focus();
  }

  onSend(form, async () => {
    const tag = input.value.trim();
    if (!tag) return;
    await save([...tags, tag]);
    input.value = '';
  });
  show();
  return form;
}
