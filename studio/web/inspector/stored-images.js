/**
 * Images for references and control units: from a file, a drop, a paste or another place of the page. The server
 * stores them as PNG, and knows them by their hash.
 */
import { API, postFile } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { canvasPng, cropBox, drawPart } from '../lib/image-import.js';

/** What may be chosen as a file; the browser makes PNG of it. */
export const IMAGE_TYPES = 'image/png,image/jpeg,image/webp';
/** A PNG of fewer bytes is stored as it is; what is larger is made smaller, as images of other kinds are. */
const MAX_PNG_BYTES = 2 ** 20;
const IMAGE_ADDRESS = /^\/api\/v1\/\S+\.(?:png|webp)(?=\?|$)/;

/** @param {string} sha256 */
export function thumbnailUrl(sha256) {
  return `${API}/control-images/${sha256}.webp?size=192`;
}

/**
 * @param {Blob} image of any kind that the browser decodes
 * @returns {Promise<string>} the hash under which it is stored
 * @throws {Error} one line for the reader, where it is no image or the server refuses it
 */
export async function storeImage(image) {
  const isSmallPng = image.type === 'image/png' && image.size < MAX_PNG_BYTES;
  const png = isSmallPng ? image : await toPng(image);
  const stored = /** @type {{ sha256: string }} */ (await postFile(`${API}/control-images`, png));
  return stored.sha256;
}

/** @param {Blob} image */
async function toPng(image) {
  const bitmap = await createImageBitmap(image).catch(() => {
    // Browsers say it in English.
    throw new Error(t('studio.no_image_dropped'));
  });
  const canvas = document.createElement('canvas');
  drawPart(bitmap, cropBox(bitmap, null, 0), canvas);
  bitmap.close();
  return canvasPng(canvas);
}

/**
 * Whether what is dragged may be an image: a file, or an image of this page.
 *
 * @param {DataTransfer | null} transfer
 */
export function mayHaveImage(transfer) {
  return (
    transfer !== null && ['Files', 'text/uri-list'].some((type) => transfer.types.includes(type))
  );
}

/**
 * The image that was dropped or pasted. Of an image of this page that is the whole one, not its thumbnail.
 *
 * @param {DataTransfer | null} transfer
 * @returns {Promise<Blob | null>} null where there is none
 */
export async function imageOf(transfer) {
  // The transfer is empty once the event is over: both are read at once.
  const file = [...(transfer?.files ?? [])].find(({ type }) => type.startsWith('image/'));
  const address = pageImage(transfer?.getData('text/uri-list') ?? '');
  if (address === null) return file ?? null;
  const response = await fetch(address);
  return response.ok ? response.blob() : (file ?? null);
}

/**
 * @param {string} list of addresses, one a line
 * @returns {string | null} of the whole image, null where the first is no image of the studio
 */
function pageImage(list) {
  const [first = ''] = list.split('\n');
  if (!URL.canParse(first, location.href)) return null;
  const { origin, pathname } = new URL(first, location.href);
  if (origin !== location.origin || !IMAGE_ADDRESS.test(pathname)) return null;
  return pathname.replace(/\.webp$/, '.png');
}
