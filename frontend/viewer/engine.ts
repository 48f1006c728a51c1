import { Cine } from './cine';
import { type CommandTable, makeCommands } from './commands';
import type { Config, SeriesCard } from './config';
import { all, one, reducedMotion, touchDevice } from './dom';
import { type Banner, kindOf } from './errors';
import { Fetcher } from './fetcher';
import type { Command } from './keyboard';
import { boundCache, registerLoader } from './loader';
import { Overlay } from './overlay';
import { answerDescribe } from './pixels';
import { Position } from './position';
import { Presets } from './presets';
import { type LoadedSeries, loadSeries, openingIndex } from './series';
import { ENGINE, Stack, startCornerstone } from './stack';
import type { Texts } from './texts';
import type { Ticket } from './ticket';
import { startTools, Tools } from './tools';
import { listenToDoubleTap, listenToWheel } from './touch';

export interface Shell {
  config: Config;
  t: Texts;
  banner: Banner;
  ticket: Ticket;
}

/** The part of the viewer that needs Cornerstone: loaded after the page is usable. */
export class Engine {
  readonly commands: CommandTable;
  private readonly fetcher: Fetcher;
  private readonly stack: Stack;
  private readonly tools: Tools;
  private readonly overlay: Overlay;
  private readonly position: Position;
  private readonly presets: Presets;
  private readonly cine: Cine;
  private readonly element = one<HTMLDivElement>('#viewport');
  private readonly picture = one('#picture');
  private series: LoadedSeries | null = null;
  private shownSeries = -1;
  private autoplayed = false;

  constructor(private readonly shell: Shell) {
    const { config, t, ticket } = shell;
    const phone = touchDevice();
    startCornerstone(config.cpu, phone);
    startTools();
    this.fetcher = new Fetcher(ticket);
    registerLoader(this.fetcher);
    const cacheBytes = boundCache(phone);
    this.stack = new Stack({ element: this.element, cpu: config.cpu, phone, cacheBytes, events: this.events() });
    const spacing = () => this.series?.spacing ?? 'unknown';
    this.tools = new Tools(ENGINE, { t, language: config.language, spacing }, () => this.stack.draw());
    this.overlay = new Overlay(this.stack, config, t);
    this.position = new Position(config, t, (index) => this.goTo(index));
    this.presets = new Presets(this.stack, t);
    this.cine = new Cine(this.film(), (playing) => this.showPlaying(playing));
    this.commands = makeCommands({ stack: this.stack, tools: this.tools, presets: this.presets, engine: this });
    this.listen();
  }

  run(command: Command): void {
    this.commands[command]?.();
  }

  async open(number: number): Promise<void> {
    const card = this.shell.config.series[number];
    if (!card || number === this.shownSeries) return;
    this.shownSeries = number;
    this.begin(number);
    if (!card.showable) {
      this.picture.dataset.state = 'unshowable';
      this.shell.banner.tell(this.shell.t('series_unshowable'));
      return;
    }
    try {
      const series = await loadSeries(card, this.fetcher);
      if (number === this.shownSeries) await this.show(series);
    } catch (error) {
      if (number === this.shownSeries) this.failed(error, () => this.reopen(number));
    }
  }

  openNext(by: number): void {
    void this.open(Math.max(0, Math.min(this.shell.config.series.length - 1, this.shownSeries + by)));
  }

  goTo(index: number): void {
    this.cine.stop();
    this.stack.goTo(index);
  }

  togglePlay(): void {
    if (this.cine.playing) this.cine.stop();
    else this.cine.play(this.series?.frameTime ?? 0);
  }

  private reopen(number: number): void {
    this.shownSeries = -1;
    void this.open(number);
  }

  private begin(number: number): void {
    const { banner, config, ticket } = this.shell;
    this.cine.stop();
    this.autoplayed = false;
    this.series = null;
    banner.hide();
    for (const [index, button] of all('[data-series]').entries()) {
      if (index === number) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
    }
    this.position.startSeries(number);
    this.picture.dataset.state = 'loading';
    const card = config.series[number];
    if (card) showPreview(card, ticket.base);
  }

  private async show(series: LoadedSeries): Promise<void> {
    this.series = series;
    this.presets.offer(series);
    this.position.setSeries(series);
    one('#play').hidden = series.frameTime === 0;
    await this.stack.show(series, openingIndex(series));
  }

  private failed(error: unknown, retry: () => void): void {
    this.cine.stop();
    this.picture.dataset.state = 'failed';
    this.shell.banner.show(kindOf(error), retry);
  }

  private events() {
    return {
      moved: (index: number) => {
        this.position.moved(index);
        if (!this.stack?.ready(index)) this.picture.dataset.waiting = '';
      },
      drawn: (index: number) => {
        delete this.picture.dataset.waiting;
        this.picture.dataset.state = 'drawn';
        this.picture.dataset.image = String(index + 1);
        this.shell.banner.hide();
      },
      changed: () => {
        if (!this.series) return;
        this.overlay?.update(this.series);
        this.presets?.mark();
      },
      failed: (error: unknown) => this.failed(error, () => void this.stack.reload()),
      loaded: () => this.afterLoading(),
    };
  }

  /** A moving picture starts by itself once it can run smoothly, unless the person asked for calm. */
  private afterLoading(): void {
    if (!this.series) return;
    const ready = this.stack.readyCount();
    this.position.showLoaded(ready, this.stack.count);
    if (this.autoplayed || this.series.frameTime === 0 || reducedMotion() || ready < this.stack.count) return;
    this.autoplayed = true;
    if (this.stack.index === 0) this.cine.play(this.series.frameTime);
  }

  private film() {
    return {
      count: () => this.stack.count,
      current: () => this.stack.index,
      ready: (index: number) => this.stack.ready(index),
      show: (index: number) => this.stack.goTo(index),
    };
  }

  private showPlaying(playing: boolean): void {
    one('#play').setAttribute('aria-pressed', String(playing));
    this.position.quiet = playing;
  }

  private listen(): void {
    this.element.tabIndex = 0; // Cornerstone takes it out of the tab order
    listenToWheel(this.element, {
      step: (by) => {
        if (by !== 0) this.goTo(this.stack.index + by);
      },
      zoomBy: (factor) => this.stack.zoomBy(factor),
    });
    listenToDoubleTap(this.element, () => {
      if (!this.tools.measuring) this.run(this.stack.viewport.getZoom() > 1.6 ? 'fit' : 'zoom-double');
    });
    this.element.addEventListener('pointerdown', () => this.cine.stop());
    for (const button of all('[data-series]')) {
      button.addEventListener('click', () => void this.open(Number(button.dataset.series)));
    }
    for (const button of all('[data-mode]')) {
      button.addEventListener('click', () => this.useMode(button.dataset.mode as Tools['mode']));
    }
    new ResizeObserver(() => this.stack.resize()).observe(this.element);
    answerDescribe(this.element, this.stack);
    this.useMode('scroll');
  }

  useMode(mode: Tools['mode']): void {
    this.tools.use(mode);
    for (const button of all('[data-mode][aria-pressed]')) {
      button.setAttribute('aria-pressed', String(button.dataset.mode === mode));
    }
    one('#mode-chip').hidden = mode === 'scroll';
    one('#mode-name').textContent = mode === 'scroll' ? '' : this.shell.t(`mode_${mode}`);
  }
}

/** The server's small picture stands in until the first real one is drawn. */
function showPreview(card: SeriesCard, base: string): void {
  const preview = document.querySelector<HTMLImageElement>('#preview');
  if (!preview) return;
  const address = `${base}/studies/${card.study}/series/${card.series}/rendered`;
  preview.hidden = !card.hasPreview;
  if (card.hasPreview && preview.getAttribute('src') !== address) preview.src = address;
}
