/**
 * Asking the studio's server: JSON both ways, errors as one line.
 *
 * What changes something carries a header that another site's page cannot send here (CSRF), so that the
 * server knows its own pages by it.
 */

/** Where the API is. */
export const API = '/api/v1';

/** The header against cross-site request forgery: another site's page cannot send it here. */
export const CSRF_HEADER = { 'X-Studio': 'page' };

/** What the server answered instead of a result; `message` is one line for whoever looks at the page. */
export class RequestError extends Error {
  /**
   * @param {string} message empty where the server named no reason
   * @param {number} status of the HTTP response, 0 where there was none
   * @param {unknown} body the answer's JSON, null where it is none
   */
  constructor(message, status, body) {
    super(message);
    this.name = 'RequestError';
    this.status = status;
    this.body = body;
  }
}

/**
 * @param {string} address
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<unknown>} the answer's JSON
 * @throws {RequestError} where the server refuses, fails or cannot be reached
 */
export async function getJson(address, options = {}) {
  return readJson(await send(address, options));
}

/**
 * @param {string} address
 * @param {unknown} [body] sent as JSON
 * @param {{ method?: 'POST' | 'PUT' | 'PATCH' | 'DELETE', signal?: AbortSignal }} [options]
 * @returns {Promise<unknown>} the answer's JSON, null where there is no content
 * @throws {RequestError} where the server refuses, fails or cannot be reached
 */
export async function postJson(address, body = {}, { method = 'POST', signal } = {}) {
  const headers = { 'Content-Type': 'application/json', ...CSRF_HEADER };
  return readJson(await send(address, { method, headers, signal, body: JSON.stringify(body) }));
}

/**
 * @param {string} address
 * @param {unknown} body sent as JSON
 * @returns {Promise<Blob>} the answer's file
 * @throws {RequestError} where the server refuses, fails or cannot be reached
 */
export async function postForFile(address, body) {
  const headers = { 'Content-Type': 'application/json', ...CSRF_HEADER };
  const response = await send(address, { method: 'POST', headers, body: JSON.stringify(body) });
  await checkResponse(response);
  return response.blob();
}

/**
 * Uploads a file as it is.
 *
 * @param {string} address
 * @param {Blob} file
 * @param {{ method?: 'POST' | 'PUT', signal?: AbortSignal }} [options]
 * @returns {Promise<unknown>} the answer's JSON
 * @throws {RequestError} where the server refuses, fails or cannot be reached
 */
export async function postFile(address, file, { method = 'POST', signal } = {}) {
  return readJson(await send(address, { method, headers: CSRF_HEADER, signal, body: file }));
}

/**
 * @param {string} address
 * @param {RequestInit} options
 */
async function send(address, options) {
  try {
    return await fetch(address, options);
  } catch (error) {
    // Browsers say it in English, each in words of its own.
    if (error instanceof TypeError) throw new RequestError('', 0, null);
    throw error;
  }
}

/**
 * @param {Response} response
 * @returns {Promise<unknown>}
 */
async function readJson(response) {
  await checkResponse(response);
  return response.status === 204 ? null : response.json();
}

/**
 * @param {Response} response
 * @throws {RequestError} where it is an error; its body is read then
 */
export async function checkResponse(response) {
  if (response.ok) return;
  /** @type {unknown} */
  const body = await response.json().catch(() => null);
  throw new RequestError(reason(body), response.status, body);
}

/**
 * The line in an error's JSON: `detail` of problem details (RFC 9457).
 *
 * @param {unknown} body
 */
function reason(body) {
  if (typeof body !== 'object' || body === null) return '';
  return 'detail' in body && typeof body.detail === 'string' ? body.detail : '';
}
