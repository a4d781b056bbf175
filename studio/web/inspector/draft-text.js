/**
 * A draft as the browser stores it and the server reads it (`studio/ui/draft.py`).
 *
 * @import { Editor } from './editor.js'
 * @import { RequestInputs } from './types.js'
 */
import { seedError } from './status-bar.js';

/**
 * @param {Editor} editor
 * @param {RequestInputs} inputs
 * @returns {string} JSON
 */
export function draftText(editor, { user_prompt, seed, base_image_id }) {
  const { preset, saved } = editor;
  return JSON.stringify({
    preset,
    slug: saved.slug,
    version: saved.version,
    base_image_id,
    user_prompt,
    seed: seed === null || seedError(seed) ? -1 : seed,
    changed: editor.changes().length > 0,
  });
}
