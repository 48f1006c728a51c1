import { type Command, commandFor } from '../viewer/keyboard';
import { listenToDoubleTap, listenToWheel } from '../viewer/touch';
import type { Viewer } from './viewer';

export type Mode = 'browse' | 'window' | 'move';

const PIXELS_PER_IMAGE = 14; // of a finger; a long stack is crossed in one stroke
const MOVE = 40;

interface Point {
  x: number;
  y: number;
}

/** Drags with one pointer do what the mode says; two fingers zoom and move; the right mouse button moves. */
export class Gestures {
  private readonly fingers = new Map<number, Point>();
  private rest = 0;

  constructor(
    private readonly surface: HTMLElement,
    private readonly viewer: Viewer,
    private readonly mode: () => Mode,
  ) {
    surface.addEventListener('pointerdown', (event) => this.down(event));
    surface.addEventListener('pointermove', (event) => this.move(event));
    for (const name of ['pointerup', 'pointercancel'] as const) {
      surface.addEventListener(name, (event) => this.fingers.delete(event.pointerId));
    }
    surface.addEventListener('contextmenu', (event) => event.preventDefault());
    listenToWheel(surface, {
      step: (by) => viewer.step(by),
      zoomBy: (factor) => viewer.stage.zoomBy(factor),
    });
    listenToDoubleTap(surface, () => {
      if (viewer.stage.zoom > 1) viewer.stage.reset();
      else viewer.stage.zoomBy(2);
      viewer.stage.redraw();
    });
  }

  private down(event: PointerEvent): void {
    this.surface.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.rest = 0;
    this.surface.focus({ preventScroll: true });
  }

  private move(event: PointerEvent): void {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    this.fingers.set(event.pointerId, now);
    const by = { x: now.x - before.x, y: now.y - before.y };
    if (this.fingers.size === 2) this.pinch(event.pointerId, before, now);
    else if (this.fingers.size === 1) this.drag(by, event.buttons === 2 || event.buttons === 4 ? 'move' : this.mode());
  }

  private drag(by: Point, mode: Mode): void {
    const { clientWidth, clientHeight } = this.surface;
    if (mode === 'move') this.viewer.stage.moveBy(by.x, by.y);
    else if (mode === 'window') this.viewer.dragWindow(by.x / clientWidth, by.y / clientHeight);
    else {
      this.rest += by.y;
      const steps = Math.trunc(this.rest / PIXELS_PER_IMAGE);
      this.rest -= steps * PIXELS_PER_IMAGE;
      if (steps) this.viewer.step(steps);
    }
  }

  private pinch(moved: number, before: Point, now: Point): void {
    const other = [...this.fingers].find(([id]) => id !== moved)?.[1] as Point;
    const apart = (point: Point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
    const box = this.surface.getBoundingClientRect();
    const x = (now.x + other.x) / 2 - box.left - box.width / 2;
    const y = (now.y + other.y) / 2 - box.top - box.height / 2;
    this.viewer.stage.zoomBy(apart(now) / apart(before), x, y);
    this.viewer.stage.moveBy((now.x - before.x) / 2, (now.y - before.y) / 2);
  }
}

/** Every command of the keyboard, as the portal's own viewer has them (klisza/viewer/texts.py). */
export function commands(viewer: Viewer, page: { report(): void; help(): void }): (command: Command) => void {
  const preset = (number: number) => {
    const chosen = viewer.presets[number - 2];
    if (number === 1) viewer.setWindow(null);
    else if (chosen) viewer.setWindow(chosen.window);
  };
  const { stage } = viewer;
  const known: Partial<Record<Command, () => void>> = {
    previous: () => viewer.step(-1),
    next: () => viewer.step(1),
    'back-ten': () => viewer.step(-10),
    'forward-ten': () => viewer.step(10),
    first: () => viewer.step(-viewer.count),
    last: () => viewer.step(viewer.count),
    'previous-series': () => viewer.stepSeries(-1),
    'next-series': () => viewer.stepSeries(1),
    'zoom-in': () => stage.zoomBy(1.25),
    'zoom-out': () => stage.zoomBy(0.8),
    fit: () => {
      stage.reset();
      stage.redraw();
    },
    'pan-left': () => stage.moveBy(MOVE, 0),
    'pan-right': () => stage.moveBy(-MOVE, 0),
    'pan-up': () => stage.moveBy(0, MOVE),
    'pan-down': () => stage.moveBy(0, -MOVE),
    brighter: () => viewer.adjust({ brighter: 1 }),
    darker: () => viewer.adjust({ brighter: -1 }),
    'more-contrast': () => viewer.adjust({ contrast: 1 }),
    'less-contrast': () => viewer.adjust({ contrast: -1 }),
    invert: () => viewer.invert(),
    reset: () => viewer.reset(),
    play: () => viewer.play(),
    report: () => page.report(),
    help: () => page.help(),
  };
  return (command) => {
    const number = /^preset-(\d)$/.exec(command)?.[1];
    if (number) preset(Number(number));
    else known[command]?.();
  };
}

const KEEPS_ITS_KEYS = 'input, select, textarea, dialog, .report';

export function listenToKeys(surface: HTMLElement, run: (command: Command) => void): void {
  document.addEventListener('keydown', (event) => {
    const target = event.target as Element;
    if (event.defaultPrevented || target.closest(KEEPS_ITS_KEYS)) return;
    const command = commandFor(event, target === surface);
    if (!command) return;
    event.preventDefault();
    run(command);
  });
}
