/**
 * The studio's API for apps (`/api/v1`), with a client's key.
 *
 * @import { ServerEvent } from './server-events.js'
 */
import { API, checkResponse, RequestError } from './http.js';
import { EventParser } from './server-events.js';

const MAX_RECONNECTS = 20;
const RECONNECT_MS = 500;

export class ApiClient {
  key;

  /** @param {string} key */
  constructor(key) {
    this.key = key;
  }

  /**
   * @param {string} path below the prefix
   * @returns {Promise<unknown>} the answer's JSON
   * @throws {RequestError} where the server refuses or fails
   */
  async get(path) {
    return (await this.#fetch(path)).json();
  }

  /**
   * @param {string} path
   * @param {unknown} body sent as JSON
   * @param {Record<string, string>} [headers]
   * @returns {Promise<unknown>} the answer's JSON
   * @throws {RequestError} where the server refuses or fails
   */
  async post(path, body, headers = {}) {
    const response = await this.#fetch(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', ...headers },
    });
    return response.json();
  }

  /** @param {string} path */
  async delete(path) {
    await this.#fetch(path, { method: 'DELETE' });
  }

  /**
   * @param {string} url of an image, as the API names it
   * @returns {Promise<string>} an address that a page can show
   * @throws {RequestError} where the server refuses or fails
   */
  async image(url) {
    const response = await this.#fetch(url.replace(API, ''));
    return URL.createObjectURL(await response.blob());
  }

  /**
   * The events of a stream from its beginning, also over connections that break, for as long as somebody
   * takes them.
   *
   * @param {string} path
   * @returns {AsyncGenerator<ServerEvent, void, void>}
   * @throws {RequestError} where the server refuses or fails
   */
  async *events(path) {
    let lastId = '-1';
    for (let attempt = 0; attempt < MAX_RECONNECTS; attempt += 1) {
      try {
        for await (const event of this.#connection(path, lastId)) {
          lastId = event.id;
          yield event;
        }
      } catch (error) {
        if (error instanceof RequestError) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
    }
  }

  /**
   * @param {string} path
   * @param {string} lastId of the event after which to go on
   */
  async *#connection(path, lastId) {
    const response = await this.#fetch(path, { headers: { 'Last-Event-ID': lastId } });
    if (!response.body) return;
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      yield* parser.push(decoder.decode(part.value, { stream: true }));
    }
  }

  /**
   * @param {string} path
   * @param {{ method?: string, headers?: Record<string, string>, body?: string }} [options]
   */
  async #fetch(path, { headers = {}, ...options } = {}) {
    const authorized = { Authorization: `Bearer ${this.key}`, ...headers };
    const response = await fetch(API + path, { ...options, headers: authorized });
    await checkResponse(response);
    return response;
  }
}
