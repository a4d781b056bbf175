/**
 * People: who may sign in.
 *
 * @typedef {{ name: string, created_at: string, signed_in_at: string | null, is_you: boolean }} Person
 * @typedef {'open' | 'locked' | 'ignored'} WithoutUsers what it means when nobody can sign in
 * @typedef {{ users: Person[], without_users: WithoutUsers }} People
 */

import { button, labelled } from '../components/admin-rows.js';
import { confirmAction, paragraph } from '../components/dialogs.js';
import { element, part, untranslated } from '../lib/dom.js';
import { onPress, withErrorDisplay } from '../lib/errors.js';
import { API, getJson, postJson } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { markReady } from '../lib/ready.js';
import { timeAgo } from '../lib/relative-time.js';
import { row, setRows, timeElement } from '../lib/table.js';

const USERS = `${API}/users`;
/** What is said where nobody, or one person only, can sign in. */
const WITHOUT_USERS = {
  open: t('page.people.without_users_open'),
  locked: t('page.people.without_users_locked'),
  ignored: t('page.people.without_users_ignored'),
};

/** @returns {HTMLInputElement} */
function passwordInput() {
  return element('input', {
    type: 'password',
    required: true,
    minLength: 10,
    maxLength: 500,
    autocomplete: 'new-password',
  });
}

/** @param {string} value */
function nameInput(value = '') {
  return element('input', { value, required: true, maxLength: 63, autocomplete: 'off' });
}

class PeoplePage {
  /** @type {People} */
  #people = { users: [], without_users: 'open' };

  start() {
    onPress(part('#add'), () => this.#add());
    markReady();
    return withErrorDisplay(() => this.#load());
  }

  async #load() {
    this.#people = /** @type {People} */ (await getJson(USERS));
    const { users, without_users } = this.#people;
    setRows(
      part('#rows'),
      users.map((person) => this.#row(person)),
      t('page.people.empty'),
    );
    part('#count').textContent = t('page.people.count', { count: users.length });
    const isNoted = without_users === 'ignored' || users.length === 0;
    part('#without-users').textContent = isNoted ? WITHOUT_USERS[without_users] : '';
  }

  /** @param {Person} person */
  #row(person) {
    const { name, created_at, signed_in_at, is_you } = person;
    const you = is_you ? element('span', { className: 'chip' }, t('page.people.you')) : null;
    const buttons = [
      button(t('page.people.rename'), () => this.#rename(person)),
      button(t('page.people.reset_password'), () => this.#resetPassword(person)),
      button(t('page.people.remove'), () => this.#remove(person), 'danger'),
    ];
    return row(
      element('div', {}, element('b', {}, untranslated(name)), ' ', you),
      signed_in_at ? timeAgo(signed_in_at) : t('page.people.never'),
      timeElement(created_at, { dateStyle: 'medium' }),
      element('div', { className: 'row-actions' }, ...buttons),
    );
  }

  async #add() {
    const name = nameInput();
    const password = passwordInput();
    const isFirst = this.#people.users.length === 0;
    /** @type {HTMLElement[]} */
    const content = [
      labelled(t('page.name'), name),
      labelled(t('page.sign_in.password'), password, t('page.people.password_help')),
    ];
    if (isFirst && this.#people.without_users === 'open') {
      content.push(paragraph(t('page.people.first_help')));
    }
    await this.#change(
      {
        title: t('page.people.add'),
        content,
        label: t('page.people.add'),
        canConfirm: () => name.value.trim() !== '' && password.value.length >= 10,
        action: () => postJson(USERS, { name: name.value.trim(), password: password.value }),
      },
      isFirst,
    );
  }

  /** @param {Person} person */
  async #rename(person) {
    const name = nameInput(person.name);
    await this.#change(
      {
        title: t('page.people.rename_title', { name: person.name }),
        content: [labelled(t('page.people.new_name'), name), paragraph(t('page.people.signs_out'))],
        label: t('page.people.rename'),
        canConfirm: () => name.value.trim() !== '' && name.value.trim() !== person.name,
        action: () =>
          postJson(`${USERS}/rename`, { name: person.name, new_name: name.value.trim() }),
      },
      person.is_you,
    );
  }

  /** @param {Person} person */
  async #resetPassword(person) {
    const password = passwordInput();
    await this.#change(
      {
        title: t('page.people.reset_title', { name: person.name }),
        content: [
          labelled(t('page.people.new_password'), password, t('page.people.password_help')),
          paragraph(t('page.people.signs_out')),
        ],
        label: t('page.people.reset_password'),
        canConfirm: () => password.value.length >= 10,
        action: () =>
          postJson(`${USERS}/password`, { name: person.name, password: password.value }),
      },
      person.is_you,
    );
  }

  /** @param {Person} person */
  async #remove(person) {
    const isLast = this.#people.users.length === 1;
    const content = [paragraph(t('page.people.remove_help'))];
    if (isLast) {
      const warning = paragraph(
        `${t('page.people.last_person')} ${WITHOUT_USERS[this.#people.without_users]}`,
      );
      warning.className = 'warning';
      content.push(warning);
    }
    await this.#change(
      {
        title: t('page.people.remove_title', { name: person.name }),
        content,
        label: t('page.people.remove'),
        danger: true,
        action: () => postJson(`${USERS}/remove`, { name: person.name, last: isLast }),
      },
      person.is_you,
    );
  }

  /**
   * @param {import('../components/dialogs.js').Confirmation} confirmation
   * @param {boolean} [isYou] whether it signs the reader out: the server then asks to sign in again
   */
  async #change(confirmation, isYou = false) {
    if (!(await confirmAction(confirmation))) return;
    if (isYou) location.reload();
    else await withErrorDisplay(() => this.#load());
  }
}

await new PeoplePage().start();
