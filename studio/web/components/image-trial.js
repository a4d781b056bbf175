/**
 * Images that are tried against the classifier.
 *
 * @import { ScoredImage } from './score-chart.js'
 */
import { field, find, part } from '../lib/dom.js';
import { withErrorDisplay } from '../lib/errors.js';
import { API, postFile } from '../lib/http.js';
import { t } from '../lib/i18n.js';
import { histogramBars, scoredFigures } from './score-chart.js';

/** Scores of images of the operator's, and what a threshold withholds of them. */
export class ImageTrial {
  #form = find(document, '#images', HTMLFormElement);
  #files = field(this.#form, 'files', HTMLInputElement);
  #threshold = field(this.#form, 'threshold', HTMLInputElement);
  /** @type {ScoredImage[]} */
  #images = [];
  /** Counts what was chosen: the images of a choice before are not scored any more. */
  #choices = 0;

  constructor() {
    this.#files.addEventListener('change', () => withErrorDisplay(() => this.#score()));
    this.#threshold.addEventListener('input', () => this.#draw());
  }

  /** One image after another: the classifier works on one, and a directory may hold many. */
  async #score() {
    const choice = ++this.#choices;
    for (const image of this.#images) URL.revokeObjectURL(image.url);
    this.#images = [];
    this.#draw();
    for (const file of this.#files.files ?? []) {
      const { scores, error } = /** @type {{ scores: { nsfw: number }, error: string | null }} */ (
        await postFile(`${API}/moderation/classify-image`, file)
      );
      if (choice !== this.#choices) return;
      if (error) throw new Error(error);
      this.#images.push({ name: file.name, score: scores.nsfw, url: URL.createObjectURL(file) });
      this.#draw();
    }
  }

  #draw() {
    const threshold = Number(this.#threshold.value);
    const scores = this.#images.map((image) => image.score);
    const count = scores.filter((score) => score > threshold).length;
    const withheld = { count, total: scores.length, threshold: threshold.toFixed(2) };
    part('#threshold-value').textContent = threshold.toFixed(2);
    part('#no-scores').hidden = scores.length > 0;
    part('#bars').hidden = scores.length === 0;
    part('#bars').replaceChildren(...histogramBars(scores, threshold));
    part('#scored').replaceChildren(...scoredFigures(this.#images, threshold));
    part('#withheld').textContent = scores.length ? t('page.moderation.withheld_at', withheld) : '';
  }
}
