import type { Command } from './keyboard';
import type { Presets } from './presets';
import type { Stack } from './stack';
import type { Tools } from './tools';
import { adjust } from './windowing';

export interface Parts {
  stack: Stack;
  tools: Tools;
  presets: Presets;
  engine: { goTo(index: number): void; openNext(by: number): void; togglePlay(): void };
}

export type CommandTable = Readonly<Partial<Record<Command, () => void>>>;

const PAN_PIXELS = 40;
const ZOOM_STEP = 1.25;

/** What each button (data-action) and key does. */
export function makeCommands(parts: Parts): CommandTable {
  return { ...scrolling(parts), ...viewing(parts), ...windowing(parts), delete: () => parts.tools.deleteOne() };
}

function scrolling({ stack, engine }: Parts): CommandTable {
  const step = (by: number) => () => engine.goTo(stack.index + by);
  return {
    previous: step(-1),
    next: step(1),
    'back-ten': step(-10),
    'forward-ten': step(10),
    first: () => engine.goTo(0),
    last: () => engine.goTo(stack.count - 1),
    'previous-series': () => engine.openNext(-1),
    'next-series': () => engine.openNext(1),
    play: () => engine.togglePlay(),
  };
}

function viewing({ stack }: Parts): CommandTable {
  return {
    'zoom-in': () => stack.zoomBy(ZOOM_STEP),
    'zoom-out': () => stack.zoomBy(1 / ZOOM_STEP),
    'zoom-double': () => stack.zoomBy(2),
    fit: () => stack.fit(),
    'pan-left': () => stack.panBy(PAN_PIXELS, 0),
    'pan-right': () => stack.panBy(-PAN_PIXELS, 0),
    'pan-up': () => stack.panBy(0, PAN_PIXELS),
    'pan-down': () => stack.panBy(0, -PAN_PIXELS),
    rotate: () => stack.rotate(),
    'flip-h': () => stack.flip('horizontal'),
    'flip-v': () => stack.flip('vertical'),
    reset: () => stack.reset(),
  };
}

function windowing({ stack, presets }: Parts): CommandTable {
  const change = (by: { brighter?: number; contrast?: number }) => () => {
    const window = stack.window;
    if (window) stack.setWindow(adjust(window, by));
  };
  const numbered = Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`preset-${n}`, () => presets.use(n - 1)]));
  return {
    ...numbered,
    brighter: change({ brighter: 1 }),
    darker: change({ brighter: -1 }),
    'more-contrast': change({ contrast: 1 }),
    'less-contrast': change({ contrast: -1 }),
    invert: () => stack.toggleInvert(),
  };
}
