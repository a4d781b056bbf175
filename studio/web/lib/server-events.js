/**
 * Server-sent events as text: an EventSource can send no header, so a key would have to be in the address.
 *
 * @typedef {{ id: string, event: string, data: string }} ServerEvent
 */

/** Reads events from a stream that is cut anywhere. */
export class EventParser {
  #rest = '';

  /**
   * @param {string} text that has been received
   * @returns {ServerEvent[]} those that are complete and carry data
   */
  push(text) {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.map(parseEvent).filter((event) => event.data);
  }
}

/**
 * @param {string} block lines such as "id: 3"; those that begin with a colon are comments
 * @returns {ServerEvent}
 */
function parseEvent(block) {
  const event = { id: '', event: '', data: '' };
  for (const line of block.split('\n')) {
    const end = line.indexOf(': ');
    const name = line.slice(0, end);
    if (name === 'id' || name === 'event' || name === 'data') event[name] = line.slice(end + 2);
  }
  return event;
}
