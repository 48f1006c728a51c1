/** Which images to fetch next: outwards from the one on the screen, two ahead for one behind. */
export function prefetchOrder(current: number, count: number, reach: number): number[] {
  const order: number[] = [];
  for (let step = 1; step <= count && order.length < reach * 2; step += 1) {
    const candidates = [current + 2 * step - 1, current + 2 * step, current - step];
    order.push(...candidates.filter((index) => index >= 0 && index < count));
  }
  return order.slice(0, reach * 2);
}

export interface Work {
  load(imageId: string): Promise<unknown>;
  isLoaded(imageId: string): boolean;
}

/** A few requests at a time; a new position drops what has not begun. */
export class Prefetcher {
  private queue: string[] = [];
  private running = 0;
  private generation = 0;

  constructor(
    private readonly work: Work,
    private readonly width: number,
    private readonly onProgress: () => void = () => undefined,
  ) {}

  around(imageIds: readonly string[], current: number, reach: number): void {
    this.generation += 1;
    const order = prefetchOrder(current, imageIds.length, reach);
    this.queue = order.map((index) => imageIds[index] as string).filter((imageId) => !this.work.isLoaded(imageId));
    this.pump();
  }

  stop(): void {
    this.generation += 1;
    this.queue = [];
  }

  private pump(): void {
    while (this.running < this.width) {
      const imageId = this.queue.shift();
      if (imageId === undefined) return;
      if (!this.work.isLoaded(imageId)) void this.start(imageId);
    }
  }

  private async start(imageId: string): Promise<void> {
    const generation = this.generation;
    this.running += 1;
    try {
      await this.work.load(imageId);
    } catch {
      // It will be asked for again, aloud, when it is to be shown; a broken network must not be hammered.
      if (generation === this.generation) this.queue = [];
    }
    this.running -= 1;
    this.onProgress();
    this.pump();
  }
}
