/** What a result does to the rest of the studio page: seed, canvas, the pick on the server. */
import { find, findAll } from '../lib/dom.js';
import { errorText } from '../lib/errors.js';
import { API, postJson } from '../lib/http.js';

const CANVAS = 'doodle-canvas, .sketch';

/** Whether the focus is on the canvas, whose keys are its own. */
export function canvasHasFocus() {
  return document.activeElement?.closest(CANVAS) instanceof Element;
}

/**
 * What is on the canvas now: the drawing, and the base image beneath it.
 *
 * @returns {{ src: string, under: string } | null} addresses, empty for none; null without a canvas
 */
export function drawingOnCanvas() {
  const canvas = document.querySelector(CANVAS);
  const under = canvas?.querySelector('img')?.src ?? '';
  if (!canvas || !('getPng' in canvas) || typeof canvas.getPng !== 'function') return null;
  return { src: canvas.getPng() ?? '', under };
}

/**
 * @param {string} id of a base image
 * @returns {string} its address, empty where the page does not offer it
 */
export function baseImageAddress(id) {
  const tiles = findAll(document, '#base-images [data-id]', HTMLElement);
  const image = tiles.find(({ dataset }) => dataset.id === id)?.querySelector('img');
  return image?.src ?? '';
}

/** Continues from the run that `takeRunToContinue` of `index.js` names. */
export function continueRun() {
  find(document, '#continue-run', HTMLElement).click();
}

/** @param {string} source URL of an image that becomes the drawing on the canvas */
export function drawOver(source) {
  find(document, CANVAS, HTMLElement).dispatchEvent(
    new CustomEvent('import-url', { detail: source }),
  );
}

/** @param {string} value of the seed field; -1 for a random seed */
export function reuseSeed(value) {
  const input = find(document, '#seed input', HTMLInputElement);
  input.value = value;
  input.dispatchEvent(new Event('input', { bubbles: true }));
}

/**
 * @param {string} request the id of a run
 * @param {string} slot that is picked; empty for none
 * @returns {Promise<boolean>} whether the server has stored it
 */
export async function pickVariant(request, slot) {
  const address = `${API}/variants/selections/${request}`;
  try {
    await postJson(address, { slot: slot || null }, { method: 'PUT' });
    return true;
  } catch (error) {
    find(document, 'result-grid [role=status]', HTMLElement).textContent = errorText(error);
    return false;
  }
}
