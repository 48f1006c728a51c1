import { Cine } from '../viewer/cine';
import { adjust, type Preset, presetsFor, type Window } from '../viewer/windowing';
import { ChunkMissing } from './chunks';
import { clipOf, type Examination, type Look, type Series } from './data';
import { Pictures } from './pictures';
import type { Stage } from './stage';

const AHEAD = 4;
const AHEAD_OF_A_FILM = 8;
const LONG_STACK = 10;
const STILL_FRAME_MS = 120; // single images one after the other, when somebody presses play

export type State = 'loading' | 'drawn' | 'unshowable' | 'missing';

/** Which series and image is on the stage, and with which greys. */
export class Viewer {
  pictures: Pictures | null = null;
  number = 0;
  image = 0;
  state: State = 'loading';
  /** null = as the picture itself says. */
  window: Window | null = null;
  negative = false;
  readonly cine: Cine;
  private redrawing = false;
  private direction = 1;

  constructor(
    readonly all: readonly { examination: Examination; series: Series }[],
    readonly stage: Stage,
    private readonly memory: number,
    private readonly changed: () => void,
  ) {
    this.cine = new Cine(
      {
        count: () => this.clip.count,
        current: () => this.image - this.clip.first,
        ready: (index) => this.isReady(this.clip.first + index),
        show: (index) => void this.goTo(this.clip.first + index),
      },
      () => this.changed(),
    );
  }

  get series(): Series {
    return (this.all[this.number] as { series: Series }).series;
  }

  get examination(): Examination {
    return (this.all[this.number] as { examination: Examination }).examination;
  }

  get look(): Look {
    return (this.pictures as Pictures).look(this.image);
  }

  get count(): number {
    return this.series.images.length;
  }

  get isGrey(): boolean {
    return this.look.form === 'grey';
  }

  get presets(): Preset[] {
    return this.isGrey ? presetsFor(this.series.modality, this.series.bodyPart) : [];
  }

  /** The window in force, whoever chose it. */
  get shownWindow(): Window {
    return this.window ?? { center: this.look.center, width: this.look.width };
  }

  open(number: number): Promise<void> {
    this.cine.stop();
    this.pictures?.release();
    this.number = number;
    this.pictures = new Pictures(this.series, this.memory);
    this.window = null;
    this.negative = false;
    this.stage.reset();
    this.stage.clear();
    // The ends of a long stack often show nothing but air.
    const still = this.series.frameTime === 0 && this.count >= LONG_STACK;
    return this.goTo(still ? Math.floor(this.count / 2) : 0);
  }

  async goTo(wanted: number): Promise<void> {
    const pictures = this.pictures as Pictures;
    const image = Math.max(0, Math.min(this.count - 1, wanted));
    this.image = image;
    if (!pictures.has(image)) this.state = 'loading';
    this.changed();
    let state: State = 'drawn';
    try {
      const frame = await pictures.get(image);
      if (this.pictures !== pictures || this.image !== image) return;
      this.stage.show(frame, this.look, this.window, this.negative);
    } catch (failed) {
      if (this.pictures !== pictures || this.image !== image) return;
      state = failed instanceof ChunkMissing ? 'missing' : 'unshowable';
      this.stage.clear();
    }
    this.state = state;
    this.changed();
    pictures.prefetch(this.following());
  }

  step(by: number): void {
    this.cine.stop();
    this.direction = by < 0 ? -1 : 1;
    void this.goTo(this.image + by);
  }

  stepSeries(by: number): void {
    const next = this.number + by;
    if (next >= 0 && next < this.all.length) void this.open(next);
  }

  play(): void {
    if (this.cine.playing) this.cine.stop();
    else this.cine.play(this.series.frameTime || STILL_FRAME_MS);
  }

  setWindow(window: Window | null): void {
    if (!this.isGrey) return;
    this.window = window;
    this.redrawSoon();
  }

  adjust(change: { brighter?: number; contrast?: number }): void {
    this.setWindow(adjust(this.shownWindow, change));
  }

  /** x, y: share of the stage that was dragged over; right = more contrast is a wider window, down = darker. */
  dragWindow(x: number, y: number): void {
    const { center, width } = this.shownWindow;
    const own = Math.max(this.look.width, 1);
    this.setWindow({ center: center + y * own * 2, width: Math.max(1, width + x * own * 2) });
  }

  invert(): void {
    if (!this.isGrey) return;
    this.negative = !this.negative;
    this.redrawSoon();
  }

  reset(): void {
    this.window = null;
    this.negative = false;
    this.stage.reset();
    void this.goTo(this.image);
  }

  /** A drag tells of itself more often than the screen changes. */
  private redrawSoon(): void {
    if (this.redrawing) return;
    this.redrawing = true;
    requestAnimationFrame(() => {
      this.redrawing = false;
      void this.goTo(this.image);
    });
  }

  private get clip(): { first: number; count: number } {
    return clipOf(this.series, this.image);
  }

  private isReady(image: number): boolean {
    if (this.pictures?.has(image)) return true;
    this.pictures?.prefetch([image]);
    return false;
  }

  private following(): number[] {
    if (!this.cine.playing)
      return Array.from({ length: AHEAD }, (_, index) => this.image + this.direction * (index + 1));
    const { first, count } = this.clip;
    return Array.from(
      { length: Math.min(AHEAD_OF_A_FILM, count - 1) },
      (_, index) => first + ((this.image - first + index + 1) % count),
    );
  }
}
