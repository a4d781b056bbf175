/** What a PNG file carries beside its pixels. */

const SIGNATURE = 0x89504e47;
const TEXT_CHUNKS = ['tEXt', 'zTXt', 'iTXt'];
const MAX_KEYWORD = 80;
/** Keywords of chunks that say what made an image, as the studio and A1111 write them. */
const SETTINGS_KEYWORDS = ['doodle-theme-studio', 'parameters'];

/**
 * Whether a PNG's text chunks say what made it.
 *
 * @param {ArrayBuffer} buffer a file's content
 */
export function carriesSettings(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < 8 || view.getUint32(0) !== SIGNATURE) return false;
  // A chunk is its length, its type, so many bytes of data and a checksum.
  for (let at = 8; at + 12 <= buffer.byteLength; at += 12 + view.getUint32(at)) {
    if (!TEXT_CHUNKS.includes(latin1(buffer, at + 4, 4))) continue;
    const [keyword] = latin1(buffer, at + 8, MAX_KEYWORD).split('\0');
    if (SETTINGS_KEYWORDS.includes(keyword)) return true;
  }
  return false;
}

/**
 * @param {ArrayBuffer} buffer
 * @param {number} start
 * @param {number} length is cut where the buffer ends
 */
function latin1(buffer, start, length) {
  const bytes = new Uint8Array(buffer).subarray(start, start + length);
  return String.fromCharCode(...bytes);
}

/**
 * @param {Blob} blob
 * @returns {Promise<string>} its bytes as base64
 */
export async function toBase64(blob) {
  let text = '';
  for (const byte of new Uint8Array(await blob.arrayBuffer())) text += String.fromCharCode(byte);
  return btoa(text);
}
