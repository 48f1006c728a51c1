import type { Config } from './config';
import { one } from './dom';
import type { LoadedSeries } from './series';
import type { Texts } from './texts';

const QUIET_MS = 700;

/** "Image 12 of 58": the slider, the number beside it, and what a screen reader is told (not at every step). */
export class Position {
  private readonly slider = one<HTMLInputElement>('#slider');
  private readonly output = one('#position');
  private readonly live = one('#live');
  private readonly viewport = one('#viewport');
  private readonly loading = one('#loading-text');
  private timer = 0;
  private count = 1;
  private title = '';
  private modality = '';
  /** While a film plays nothing is announced. */
  quiet = false;

  constructor(
    private readonly config: Config,
    private readonly t: Texts,
    goTo: (index: number) => void,
  ) {
    this.slider.addEventListener('input', () => goTo(Number(this.slider.value) - 1));
  }

  startSeries(number: number): void {
    const card = this.config.series[number];
    this.title = card ? this.t('series', { number: number + 1, title: card.title }) : '';
    this.modality = card?.modality ?? '';
    this.setCount(Math.max(1, card?.imageCount ?? 1));
    this.loading.textContent = this.t('loading');
    const place = document.querySelector('#series-position');
    if (place) place.textContent = `${number + 1}/${this.config.series.length}`;
    this.moved(0);
  }

  setSeries(series: LoadedSeries): void {
    this.setCount(series.imageIds.length);
  }

  moved(index: number): void {
    const text = this.t('image', { number: index + 1, total: this.count });
    this.slider.value = String(index + 1);
    this.slider.setAttribute('aria-valuetext', text);
    this.output.textContent = `${index + 1} / ${this.count}`;
    if (this.quiet) return;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.announce(text), QUIET_MS);
  }

  /** How much of the series is here, as a band in the slider. */
  showLoaded(ready: number, total: number): void {
    this.slider.dataset.loaded = ready >= total ? 'all' : String(Math.floor((10 * ready) / total));
  }

  private setCount(count: number): void {
    this.count = count;
    this.slider.max = String(count);
    this.slider.disabled = count < 2;
    delete this.slider.dataset.loaded;
    one('#scroller').dataset.single = String(count < 2);
  }

  private announce(text: string): void {
    this.live.textContent = text;
    const parts = [text, this.title, this.modality, this.config.date];
    this.viewport.setAttribute('aria-label', parts.filter(Boolean).join('. '));
  }
}
