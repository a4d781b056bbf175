/** The names of moderation decisions. */
import { t } from '../lib/i18n.js';

export const STAGE_NAMES = {
  prompt: t('page.safety.stage_words'),
  upload: t('page.safety.stage_upload'),
  doodle: t('page.safety.stage_doodle'),
  image: t('page.safety.stage_image'),
};
export const VERDICT_NAMES = {
  block: t('page.safety.verdict_block'),
  mask: t('page.safety.verdict_mask'),
  flag: t('page.safety.verdict_flag'),
  pass: t('page.safety.verdict_pass'),
  withheld: t('page.safety.verdict_withheld'),
  released: t('page.safety.verdict_released'),
};
