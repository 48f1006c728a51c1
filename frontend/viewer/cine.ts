/** Plays a moving picture at its recorded speed; a frame that is not there yet holds the film, it is never skipped. */
export interface Film {
  count(): number;
  current(): number;
  ready(index: number): boolean;
  show(index: number): void;
}

export interface Clock {
  now(): number;
  next(callback: () => void): number;
  cancel(handle: number): void;
}

export const screenClock: Clock = {
  now: () => performance.now(),
  next: (callback) => requestAnimationFrame(callback),
  cancel: (handle) => cancelAnimationFrame(handle),
};

export class Cine {
  private handle: number | null = null;
  private due = 0;
  private frameTime = 0;

  constructor(
    private readonly film: Film,
    private readonly onChange: (playing: boolean) => void,
    private readonly clock: Clock = screenClock,
  ) {}

  get playing(): boolean {
    return this.handle !== null;
  }

  /** frameTime: milliseconds a frame stays. */
  play(frameTime: number): void {
    if (this.playing || frameTime <= 0 || this.film.count() < 2) return;
    this.frameTime = frameTime;
    this.due = this.clock.now() + frameTime;
    this.handle = this.clock.next(() => this.tick());
    this.onChange(true);
  }

  stop(): void {
    if (this.handle === null) return;
    this.clock.cancel(this.handle);
    this.handle = null;
    this.onChange(false);
  }

  private tick(): void {
    const now = this.clock.now();
    const following = (this.film.current() + 1) % this.film.count();
    if (now >= this.due && this.film.ready(following)) {
      this.film.show(following);
      // Not `now + frameTime`: screens tick every 16.7 ms and a 20 ms film would run at half its speed.
      this.due = Math.max(this.due + this.frameTime, now);
    }
    this.handle = this.clock.next(() => this.tick());
  }
}
