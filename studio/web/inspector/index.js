/**
 * The recipe inspector of the studio page: the four recipes of a theme, edited one by one or side by side.
 *
 * A `gr.HTML` component mounts it (`studio/ui/recipe_inspector.py`). Its value is the edited preset; Gradio sends it
 * along with events such as Generate, never by itself. The functions that are exported here are called by name.
 *
 * @import { Host } from './recipe-inspector.js'
 */
import { find } from '../lib/dom.js';
import { loadDraft } from '../studio/drafts.js';
import { RecipeInspector } from './recipe-inspector.js';

/** Characters of a user prompt that a draft holds; a longer one is refused by Generate. */
const MAX_PROMPT_CHARS = 500;

/**
 * Mounts the inspector of a component.
 *
 * @param {Host} host
 */
export function mountRecipeInspector(host) {
  return find(host.element, 'recipe-inspector', RecipeInspector).connect(host);
}

/** @returns {RecipeInspector | null} */
function inspector() {
  const found = document.querySelector('recipe-inspector');
  return found instanceof RecipeInspector ? found : null;
}

/**
 * Notes what a draft has besides the preset.
 *
 * @param {string} name of the theme, as it is typed
 * @param {string} prompt
 * @param {number | null} seed
 * @param {string | null} baseImage its id
 */
export function noteRequest(name, prompt, seed, baseImage) {
  const shortened = [...(prompt ?? '')].slice(0, MAX_PROMPT_CHARS).join('');
  const inputs = { user_prompt: shortened, seed, base_image_id: baseImage };
  inspector()?.noteRequest(name ?? '', inputs);
}

/**
 * Reads the draft of a theme that is about to be opened. What is edited is stored first.
 *
 * @param {string} slug
 * @returns {string} a draft's JSON, or an empty text
 */
export function openTheme(slug) {
  inspector()?.flush();
  return loadDraft(slug);
}
