/**
 * An image that is dropped on a recipe becomes a reference.
 *
 * @import { Editor } from './editor.js'
 * @import { Slot } from './types.js'
 */
import { errorText } from '../lib/errors.js';
import { t } from '../lib/i18n.js';
import { itemsAt } from './document.js';
import { imageOf, mayHaveImage, storeImage } from './stored-images.js';

const LIST = 'references';

/**
 * @param {HTMLElement} root of the recipe
 * @param {Editor} editor
 * @param {Slot} slot
 * @param {HTMLElement} problem where it is said why an image became no reference
 * @param {(index: number) => void} onAdded
 */
export function takeDroppedReferences(root, editor, slot, problem, onAdded) {
  root.addEventListener('dragover', (event) => {
    if (!mayHaveImage(event.dataTransfer)) return;
    event.preventDefault();
    root.classList.add('over');
  });
  root.addEventListener('dragleave', ({ relatedTarget }) => {
    const isInside = relatedTarget instanceof Node && root.contains(relatedTarget);
    if (!isInside) root.classList.remove('over');
  });
  root.addEventListener('drop', async (event) => {
    if (!mayHaveImage(event.dataTransfer)) return; // Text goes into the fields.
    event.preventDefault();
    root.classList.remove('over');
    problem.textContent = '';
    try {
      onAdded(await addReference(editor, slot, imageOf(event.dataTransfer)));
    } catch (error) {
      problem.textContent = errorText(error);
    }
  });
}

/**
 * Adds a reference with the first IP-Adapter that is installed.
 *
 * @param {Editor} editor
 * @param {Slot} slot
 * @param {Promise<Blob | null>} found
 * @returns {Promise<number>} its place in the list
 */
async function addReference(editor, slot, found) {
  const list = editor.description.lists.find(({ path }) => path === LIST);
  const [model] = editor.modelsOf('ip_adapter');
  const image = await found;
  if (!image) throw new Error(t('studio.no_image_dropped'));
  if (!list || !model) throw new Error(t('studio.no_ip_adapter'));
  const count = () => itemsAt(editor.preset.recipes[slot], LIST).length;
  if (count() >= list.maximum) throw new Error(t('studio.references_full'));
  const sha256 = await storeImage(image);
  const reference = { ...list.item, model: { name: model.name, sha256: null } };
  editor.addItem(slot, LIST, { ...reference, image_sha256: sha256 });
  return count() - 1;
}
