/**
 * The fields of the publish dialog: the channel, the share of its requests, from when to when, and a note.
 *
 * @import { ThemeDetails } from './theme-details.js'
 */
import { element, find } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { DEFAULT_CHANNEL } from './theme-states.js';

const DEFAULT_CANARY_PERCENT = '10';

/**
 * @param {string} local of an input of the type datetime-local, in the browser's time zone
 * @returns {string | null} in ISO 8601, null where it is empty
 */
export function toTimestamp(local) {
  return local ? new Date(local).toISOString() : null;
}

/**
 * @typedef {{ version: number, canary_version: number | null, canary_percent: number }} Rollout
 *
 * What a channel is to serve.
 *
 * @param {number} version that is published
 * @param {number | null} percent of the requests that it gets as a canary; null: all of them
 * @param {number | null} live what the channel serves now
 * @returns {Rollout}
 */
export function rollout(version, percent, live) {
  if (percent === null || live === null || live === version) {
    return { version, canary_version: null, canary_percent: 0 };
  }
  return { version: live, canary_version: version, canary_percent: percent };
}

/**
 * @param {Rollout} wanted
 * @returns {number[]} the versions that are checked before, the published one first
 */
export function checkedVersions({ version, canary_version }) {
  return canary_version === null ? [version] : [canary_version, version];
}

/**
 * @param {string} label
 * @param {Partial<HTMLInputElement>} properties
 */
function labelled(label, properties, className = '') {
  return element('label', { className }, label, ' ', element('input', properties));
}

/** The fields of the publish dialog. */
export class PublishForm {
  #theme;
  #version;
  #everyone = element('input', { type: 'radio', name: 'rollout', checked: true });
  #canary = element('input', { type: 'radio', name: 'rollout' });
  #percent = element('input', {
    type: 'number',
    name: 'percent',
    min: '1',
    max: '99',
    value: DEFAULT_CANARY_PERCENT,
    ariaLabel: t('page.deployments.share'),
  });
  #rest = element('span');
  #canaryLabel;
  #channel;
  #starts = labelled(t('page.from'), { type: 'datetime-local', name: 'starts' });
  #ends = labelled(t('page.to'), { type: 'datetime-local', name: 'ends' });
  #note = labelled(t('page.deployments.note'), { name: 'note', maxLength: 1000 }, 'wide');
  #fallback = element('input', { type: 'checkbox', name: 'fallback' });

  /**
   * @param {ThemeDetails} theme
   * @param {number} version
   */
  constructor(theme, version) {
    this.#theme = theme;
    this.#version = version;
    this.#channel = labelled(t('page.deployments.channel'), {
      name: 'channel',
      value: DEFAULT_CHANNEL,
      required: true,
      maxLength: 63,
      pattern: '[a-z0-9][a-z0-9\\-]*',
    });
    this.#channel.append(this.#channelList());
    this.#canaryLabel = element('label', { className: 'tick' }, this.#canary, ' ');
    this.#canaryLabel.append(
      t('page.deployments.rollout_canary'),
      ' ',
      this.#percent,
      ' % ',
      this.#rest,
    );
    this.update();
  }

  #channelList() {
    const id = 'known-channels';
    const channels = new Set(this.#theme.deployments.map(({ spec }) => spec.channel));
    const options = [...channels].map((value) => element('option', { value }));
    find(this.#channel, 'input', HTMLInputElement).setAttribute('list', id);
    return element('datalist', { id }, ...options);
  }

  /** @returns {HTMLElement[]} */
  get content() {
    const all = element('label', { className: 'tick' }, this.#everyone, ' ');
    all.append(t('page.deployments.rollout_all'));
    const legend = element('legend', {}, t('page.deployments.rollout'));
    const choice = element(
      'fieldset',
      { className: 'rollout wide' },
      legend,
      all,
      this.#canaryLabel,
    );
    const tick = element('label', { className: 'tick wide' }, this.#fallback, ' ');
    tick.append(t('page.deployments.fallback'));
    return [this.#channel, choice, this.#starts, this.#ends, this.#note, tick];
  }

  get channel() {
    return value(this.#channel).trim();
  }

  /** The version that the channel serves now. */
  get #live() {
    const active = this.#theme.active.find((each) => each.channel === this.channel);
    return active?.version ?? null;
  }

  get #percentValue() {
    return this.#canary.checked ? Number(this.#percent.value) : null;
  }

  get rollout() {
    return rollout(this.#version, this.#percentValue, this.#live);
  }

  get isValid() {
    const percent = this.#percentValue;
    return percent === null || (percent >= 1 && percent <= 99);
  }

  /** A canary needs another version beside it. */
  update() {
    const live = this.#live;
    const canSplit = live !== null && live !== this.#version;
    this.#canaryLabel.hidden = !canSplit;
    if (!canSplit) this.#everyone.checked = true;
    this.#rest.textContent = t('page.deployments.rollout_rest', { number: live ?? 0 });
  }

  get spec() {
    return {
      ...this.rollout,
      slug: this.#theme.slug,
      channel: this.channel,
      note: value(this.#note),
      fallback_to_previous: this.#fallback.checked,
      starts_at: toTimestamp(value(this.#starts)),
      ends_at: toTimestamp(value(this.#ends)),
    };
  }
}

/** @param {HTMLElement} label with an input */
const value = (label) => find(label, 'input', HTMLInputElement).value;
