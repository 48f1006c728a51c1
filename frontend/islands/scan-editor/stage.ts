/** The picture with what can be moved on it: four corners, or the covered parts. By pointer, by keys, by the pad. */

import { type Box, clamp, moved, type Point } from './geometry';
import { contextOf, type Sheet } from './sheet';

export type Mode = 'crop' | 'look' | 'cover' | 'note';

const SHOWN = 1100; // pixels of the long side
const STEP = 0.01;
const FINE = 0.002;
const LEAST_COVER = 0.02;
const FIRST_COVER: Box = { x: 0.3, y: 0.42, width: 0.4, height: 0.1 };

export interface Names {
  corners: string[];
  /** "Covered part {number}" */
  cover: string;
}

export class Stage {
  sheet: Sheet | null = null;
  mode: Mode = 'crop';
  /** Number of the corner or of the covered part that keys and the pad move. */
  chosen = 0;
  /** Called when something was moved, covered or uncovered. */
  changed: () => void = () => undefined;
  private handles: HTMLButtonElement[] = [];

  constructor(
    private readonly place: HTMLElement,
    private readonly canvas: HTMLCanvasElement,
    private readonly names: Names,
  ) {}

  show(sheet: Sheet | null, mode: Mode): void {
    const anew = sheet !== this.sheet || mode !== this.mode;
    [this.sheet, this.mode] = [sheet, mode];
    if (anew) this.chosen = 0;
    this.draw();
    this.layHandles();
  }

  /** What the pad does: dx and dy in steps. grow: the covered part changes its size instead of its place. */
  nudge(dx: number, dy: number, grow = false, step = STEP): void {
    if (this.mode === 'crop') this.moveCorner(this.chosen, dx * step, dy * step);
    else if (this.mode === 'cover') this.moveCover(this.chosen, dx * step, dy * step, grow);
  }

  addCover(): void {
    if (!this.sheet) return;
    const down = (this.sheet.covers.length % 5) * 0.08;
    this.chosen = this.sheet.cover({ ...FIRST_COVER, y: FIRST_COVER.y + down - 0.16 });
    this.refresh(true);
  }

  removeCover(): void {
    if (!this.sheet?.covers.length) return;
    this.sheet.uncover(Math.min(this.chosen, this.sheet.covers.length - 1));
    this.chosen = Math.max(0, this.chosen - 1);
    this.refresh(true);
  }

  draw(): void {
    if (!this.sheet) return;
    if (this.mode === 'crop') this.drawPhoto(this.sheet);
    else this.sheet.draw(this.canvas, SHOWN);
  }

  private drawPhoto(sheet: Sheet): void {
    const { photo, corners } = sheet;
    const scale = Math.min(1, SHOWN / Math.max(photo.width, photo.height));
    this.canvas.width = Math.max(1, Math.round(photo.width * scale));
    this.canvas.height = Math.max(1, Math.round(photo.height * scale));
    const context = contextOf(this.canvas);
    const { width, height } = this.canvas;
    context.drawImage(photo, 0, 0, width, height);
    const path = new Path2D();
    corners.forEach(({ x, y }, number) => {
      if (number) path.lineTo(x * width, y * height);
      else path.moveTo(x * width, y * height);
    });
    path.closePath();
    const outside = new Path2D(path);
    outside.rect(0, 0, width, height);
    context.fillStyle = 'rgb(10 20 24 / 55%)';
    context.fill(outside, 'evenodd');
    for (const [colour, thick] of [
      ['#fff', 5],
      ['#0b5c6b', 2],
    ] as const) {
      [context.strokeStyle, context.lineWidth] = [colour, thick];
      context.stroke(path);
    }
  }

  /** New handles only when their number changed: the focus stays where it is. */
  private layHandles(): void {
    const sheet = this.sheet;
    const count = !sheet ? 0 : this.mode === 'crop' ? 4 : this.mode === 'cover' ? sheet.covers.length : 0;
    const kind = this.mode === 'crop' ? 'scan-corner' : 'scan-cover';
    if (this.handles.length !== count || !this.handles.every((handle) => handle.className === kind)) {
      for (const handle of this.handles) handle.remove();
      this.handles = Array.from({ length: count }, (_, number) => this.handle(kind, number));
    }
    this.placeHandles();
  }

  private handle(kind: string, number: number): HTMLButtonElement {
    const handle = document.createElement('button');
    handle.type = 'button';
    handle.className = kind;
    const name = this.mode === 'crop' ? this.names.corners[number] : this.names.cover;
    handle.setAttribute('aria-label', (name ?? '').replace('{number}', String(number + 1)));
    handle.addEventListener('focus', () => this.choose(number));
    handle.addEventListener('keydown', (event) => this.onKey(event));
    handle.addEventListener('pointerdown', (event) => this.drag(event, handle, number));
    this.place.append(handle);
    return handle;
  }

  private placeHandles(): void {
    const sheet = this.sheet;
    if (!sheet) return;
    const page = this.mode === 'cover' ? sheet.size(this.canvas.width) : null;
    // A note makes the picture longer than the page.
    const part = page ? Math.min(1, page.height / page.width / (this.canvas.height / this.canvas.width)) : 1;
    this.handles.forEach((handle, number) => {
      handle.setAttribute('aria-pressed', String(number === this.chosen));
      if (this.mode === 'crop') {
        const { x, y } = sheet.corners[number] as Point;
        set(handle, { left: x, top: y });
      } else {
        const box = sheet.boxOfCover(number);
        set(handle, { left: box.x, top: box.y * part, width: box.width, height: box.height * part });
      }
    });
  }

  private choose(number: number): void {
    this.chosen = number;
    this.handles.forEach((handle, one) => {
      handle.setAttribute('aria-pressed', String(one === number));
    });
  }

  private onKey(event: KeyboardEvent): void {
    const way = ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] } as const)[
      event.key as 'ArrowLeft'
    ];
    if (way) {
      event.preventDefault();
      this.nudge(way[0], way[1], event.shiftKey && this.mode === 'cover', event.ctrlKey || event.altKey ? FINE : STEP);
    } else if (this.mode === 'cover' && (event.key === 'Delete' || event.key === 'Backspace')) {
      event.preventDefault();
      this.removeCover();
    }
  }

  /** The lower right part of a covered box changes its size, the rest its place. */
  private drag(event: PointerEvent, handle: HTMLButtonElement, number: number): void {
    event.preventDefault();
    handle.focus({ preventScroll: true });
    this.choose(number);
    const shown = this.canvas.getBoundingClientRect();
    const own = handle.getBoundingClientRect();
    const grow = this.mode === 'cover' && event.clientX > own.right - 24 && event.clientY > own.bottom - 24;
    let [x, y] = [event.clientX, event.clientY];
    handle.setPointerCapture(event.pointerId);
    const move = (next: PointerEvent) => {
      const [dx, dy] = [(next.clientX - x) / shown.width, (next.clientY - y) / shown.height];
      [x, y] = [next.clientX, next.clientY];
      if (this.mode === 'crop') this.moveCorner(number, dx, dy);
      else this.moveCover(number, dx, dy, grow);
    };
    const end = () => {
      handle.removeEventListener('pointermove', move);
      handle.removeEventListener('pointerup', end);
      handle.removeEventListener('pointercancel', end);
    };
    handle.addEventListener('pointermove', move);
    handle.addEventListener('pointerup', end);
    handle.addEventListener('pointercancel', end);
  }

  private moveCorner(number: number, dx: number, dy: number): void {
    const corner = this.sheet?.corners[number];
    if (!this.sheet || !corner) return;
    this.sheet.corners = moved(this.sheet.corners, number, { x: corner.x + dx, y: corner.y + dy });
    this.refresh();
  }

  private moveCover(number: number, dx: number, dy: number, grow: boolean): void {
    if (!this.sheet?.covers[number]) return;
    const box = this.sheet.boxOfCover(number);
    const next = grow
      ? {
          ...box,
          width: clamp(box.width + dx, LEAST_COVER, 1 - box.x),
          height: clamp(box.height + dy, LEAST_COVER, 1 - box.y),
        }
      : { ...box, x: clamp(box.x + dx, 0, 1 - box.width), y: clamp(box.y + dy, 0, 1 - box.height) };
    this.sheet.cover(next, number);
    this.refresh();
  }

  private refresh(focus = false): void {
    this.draw();
    this.layHandles();
    this.changed();
    if (focus) this.handles[this.chosen]?.focus();
  }
}

function set(handle: HTMLElement, place: Record<string, number>): void {
  for (const [side, part] of Object.entries(place)) handle.style.setProperty(side, `${part * 100}%`);
}
