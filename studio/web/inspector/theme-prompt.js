/**
 * The row of the theme's prompt, which all four recipes share.
 *
 * @import { Editor } from './editor.js'
 * @import { Row } from './field-row.js'
 */
import { element } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { rowParts } from './field-row.js';

const MAX_CHARS = 4000;

/**
 * @param {Editor} editor
 * @returns {Row}
 */
export function themePromptRow(editor) {
  const id = 'theme-prompt';
  const text = element('textarea', { id: `${id}-input`, rows: 1, maxLength: MAX_CHARS });
  text.addEventListener('input', () => editor.setThemePrompt(text.value));
  const about = t('studio.inspector_theme_prompt_help');
  const parts = rowParts(id, t('theme.prompt'), about, text);
  parts.root.classList.add('field-text');
  parts.root.insertBefore(text, parts.help);
  parts.back.addEventListener('click', () => {
    editor.setThemePrompt(editor.saved.preset.theme_prompt);
    text.focus();
  });
  return {
    root: parts.root,
    update: (errors) => {
      const { theme_prompt: prompt } = editor.preset;
      if (text.value !== prompt) text.value = prompt;
      const saved = editor.saved.preset.theme_prompt;
      parts.showSaved(saved === prompt ? null : saved || t('recipe.none'));
      parts.showError(errors.get('theme_prompt') ?? '');
    },
  };
}
