/** The names of moderation decisions. */
import { t } from '../lib/i18n.js';

export const STAGE_NAMES = {
  prompt: t('page.moderation.stage_prompt'),
  upload: t('page.moderation.stage_upload'),
  doodle: t('page.moderation.stage_doodle'),
  image: t('page.moderation.stage_image'),
};
export const VERDICT_NAMES = {
  block: t('page.moderation.verdict_block'),
  mask: t('page.moderation.verdict_mask'),
  flag: t('page.moderation.verdict_flag'),
  pass: t('page.moderation.verdict_pass'),
  withheld: t('page.moderation.verdict_withheld'),
  released: t('page.moderation.verdict_released'),
};
