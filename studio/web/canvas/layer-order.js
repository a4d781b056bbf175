/**
 * Layers and their order, and the steps that bring back what a change replaced. Nothing here is changed in
 * place but the pixels that `applyStep` writes.
 *
 * @import { Box, Patch } from './pixels.js'
 * @typedef {{ id: number, isVisible: boolean, isLocked: boolean, opacity: number }} LayerState
 *   `opacity` 0 to 1
 * @typedef {LayerState & { image: ImageData }} Layer
 * @typedef {object} Order
 * @property {readonly Layer[]} layers from the lowest; at least one
 * @property {number} active id of the layer that is drawn on
 * @typedef {{ layer: number, patch: Patch }} LayerPatch a layer's id, and pixels of it
 * @typedef {object} Step what a change replaced
 * @property {readonly LayerState[]} layers all of them, from the lowest
 * @property {number} active id of the layer that is drawn on
 * @property {readonly LayerPatch[]} patches
 */
import { packPixels, union, unpackPixels, wholeOf } from './pixels.js';

const NEW_LAYER = { isVisible: true, isLocked: false, opacity: 1 };

/**
 * @param {ImageData} image
 * @returns {Order} of one layer
 */
export function singleLayer(image) {
  return { layers: [{ id: 1, ...NEW_LAYER, image }], active: 1 };
}

/** @param {Order} order */
export function activeOf({ layers, active }) {
  return layers.find(({ id }) => id === active) ?? layers[0];
}

/**
 * @param {Order} order
 * @param {ImageData} image of a new layer above the active one
 * @returns {Order}
 */
export function withNewLayer(order, image) {
  const { layers } = order;
  const at = layers.indexOf(activeOf(order)) + 1;
  const id = Math.max(...layers.map((layer) => layer.id)) + 1;
  return { layers: layers.toSpliced(at, 0, { id, ...NEW_LAYER, image }), active: id };
}

/**
 * @param {Order} order of two layers at least
 * @returns {Order} without the active one
 */
export function withoutActive(order) {
  const at = order.layers.indexOf(activeOf(order));
  const layers = order.layers.toSpliced(at, 1);
  return { layers, active: layers[Math.max(0, at - 1)].id };
}

/**
 * @param {Order} order
 * @returns {readonly Layer[]} the layer below the active one, and that; none where they cannot be merged
 */
export function pairToMerge(order) {
  const at = order.layers.indexOf(activeOf(order));
  const pair = at > 0 ? order.layers.slice(at - 1, at + 1) : [];
  return pair.every(({ isVisible, isLocked }) => isVisible && !isLocked) ? pair : [];
}

/**
 * @param {Order} order
 * @param {readonly Layer[]} pair of `pairToMerge`
 * @param {ImageData} image both of them, as they are seen
 * @returns {Order}
 */
export function withMerged({ layers }, pair, image) {
  const [lower] = pair;
  const at = layers.indexOf(lower);
  return { layers: layers.toSpliced(at, 2, { ...lower, opacity: 1, image }), active: lower.id };
}

/**
 * @param {Order} order
 * @param {1 | -1} by up or down
 * @returns {Order | null} null where the active layer is at that end
 */
export function withMoved(order, by) {
  const layer = activeOf(order);
  const at = order.layers.indexOf(layer);
  if (!order.layers[at + by]) return null;
  return { ...order, layers: order.layers.toSpliced(at, 1).toSpliced(at + by, 0, layer) };
}

/**
 * @param {Order} order
 * @param {number} id
 * @param {(layer: Layer) => Partial<LayerState>} change
 * @returns {Order}
 */
export function withChanged({ layers, active }, id, change) {
  const changed = (/** @type {Layer} */ layer) => ({ ...layer, ...change(layer) });
  return { layers: layers.map((layer) => (layer.id === id ? changed(layer) : layer)), active };
}

/**
 * @param {Order} order
 * @param {readonly LayerPatch[]} patches
 * @returns {Step} that brings back this order, and the pixels of the patches
 */
export function stepTo({ layers, active }, patches) {
  return { layers: layers.map(stateOf), active, patches };
}

/**
 * @param {Layer} layer
 * @param {Box} [box] where; all of it unless told
 * @returns {LayerPatch}
 */
export function patchOf({ id, image }, box = wholeOf(image)) {
  return { layer: id, patch: packPixels(image, box) };
}

/**
 * @param {Order} order
 * @param {Step} step
 * @returns {Step} what brings back what `step` replaces
 */
export function inverseOf(order, step) {
  const here = new Map(order.layers.map((layer) => [layer.id, layer]));
  const stays = new Set(step.layers.map(({ id }) => id));
  const changed = step.patches.flatMap(({ layer: id, patch }) => {
    const layer = here.get(id);
    return layer ? [patchOf(layer, patch)] : [];
  });
  const gone = order.layers.filter(({ id }) => !stays.has(id));
  return stepTo(order, [...changed, ...gone.map((layer) => patchOf(layer))]);
}

/**
 * Writes the step's pixels.
 *
 * @param {Order} order
 * @param {Step} step
 * @param {() => ImageData} blank makes the pixels of a layer that comes back
 * @returns {{ order: Order, box: Box | null }} `box`: where pixels changed; null where other layers are shown
 */
export function applyStep(order, step, blank) {
  const isSame = JSON.stringify(step.layers) === JSON.stringify(order.layers.map(stateOf));
  const images = new Map(order.layers.map(({ id, image }) => [id, image]));
  const layers = step.layers.map((state) => ({
    ...state,
    image: images.get(state.id) ?? blank(),
  }));
  /** @type {Box | null} */
  let box = null;
  for (const { layer: id, patch } of step.patches) {
    const layer = layers.find((each) => each.id === id);
    if (layer) unpackPixels(layer.image, patch);
    box = union(box, patch);
  }
  return { order: { layers, active: step.active }, box: isSame ? box : null };
}

/** @param {Layer} layer */
function stateOf({ id, isVisible, isLocked, opacity }) {
  return { id, isVisible, isLocked, opacity };
}
