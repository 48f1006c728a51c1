import { describe, expect, it, vi } from 'vitest';
import { Cine, type Film } from '../viewer/cine';
import { Prefetcher, prefetchOrder } from '../viewer/prefetch';
import { WheelSteps } from '../viewer/touch';

class HandClock {
  time = 0;
  private waiting: (() => void) | null = null;
  now = () => this.time;
  next = (callback: () => void) => {
    this.waiting = callback;
    return 1;
  };
  cancel = () => {
    this.waiting = null;
  };
  advance(milliseconds: number): void {
    this.time += milliseconds;
    const callback = this.waiting;
    this.waiting = null;
    callback?.();
  }
}

function film(count: number, ready: (index: number) => boolean = () => true) {
  const shown: number[] = [];
  const source: Film = {
    count: () => count,
    current: () => shown.at(-1) ?? 0,
    ready,
    show: (index) => shown.push(index),
  };
  return { source, shown };
}

describe('cine', () => {
  it('shows the next frame when its time has come, and starts over', () => {
    const clock = new HandClock();
    const { source, shown } = film(3);
    const cine = new Cine(source, () => undefined, clock);
    cine.play(40);
    for (let step = 0; step < 8; step += 1) clock.advance(20);
    expect(shown).toEqual([1, 2, 0, 1]);
  });

  it('keeps the recorded speed on a coarse clock', () => {
    const clock = new HandClock();
    const { source, shown } = film(1000);
    new Cine(source, () => undefined, clock).play(20);
    for (let step = 0; step < 600; step += 1) clock.advance(16.7);
    expect(shown.length).toBeGreaterThan(480);
  });

  it('waits for a frame that is not there yet', () => {
    const clock = new HandClock();
    let arrived = false;
    const { source, shown } = film(3, () => arrived);
    new Cine(source, () => undefined, clock).play(40);
    clock.advance(100);
    expect(shown).toEqual([]);
    arrived = true;
    clock.advance(20);
    expect(shown).toEqual([1]);
  });

  it('tells when it plays and stops', () => {
    const told = vi.fn();
    const cine = new Cine(film(3).source, told, new HandClock());
    cine.play(40);
    cine.stop();
    expect(told.mock.calls).toEqual([[true], [false]]);
  });

  it('does not play a single picture', () => {
    const cine = new Cine(film(1).source, () => undefined, new HandClock());
    cine.play(40);
    expect(cine.playing).toBe(false);
  });
});

describe('prefetch', () => {
  it('goes outwards, two ahead for one behind', () => {
    expect(prefetchOrder(5, 100, 3)).toEqual([6, 7, 4, 8, 9, 3]);
  });

  it('stays inside the series and reaches all of it', () => {
    expect([...prefetchOrder(1, 4, 10)].sort()).toEqual([0, 2, 3]);
  });

  it('asks for a few at a time and not for what is there', async () => {
    const started: string[] = [];
    const finish: (() => void)[] = [];
    const load = (id: string) => {
      started.push(id);
      return new Promise<void>((resolve) => finish.push(resolve));
    };
    const prefetcher = new Prefetcher({ load, isLoaded: (id) => id === 'b' }, 2);
    prefetcher.around(['a', 'b', 'c', 'd', 'e'], 0, 10);
    expect(started).toEqual(['c', 'd']);
    finish[0]?.();
    await vi.waitFor(() => expect(started).toEqual(['c', 'd', 'e']));
  });

  it('stops asking when the network fails', async () => {
    const started: string[] = [];
    const load = async (id: string) => {
      started.push(id);
      throw new Error('offline');
    };
    new Prefetcher({ load, isLoaded: () => false }, 1).around(['a', 'b', 'c', 'd'], 0, 10);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(started).toEqual(['b']);
  });
});

describe('wheel', () => {
  it('moves one image for a notch, however long', () => {
    const steps = new WheelSteps();
    expect([120, 120, -300, 100].map((pixels) => steps.add(pixels))).toEqual([1, 1, -1, 1]);
  });

  it('adds up the small steps of a touch pad', () => {
    const steps = new WheelSteps();
    expect([20, 20, 20, 20].map((pixels) => steps.add(pixels))).toEqual([0, 0, 1, 0]);
  });
});
