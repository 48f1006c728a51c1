import type { Window } from '../viewer/windowing';
import type { Look } from './data';
import type { Frame } from './frame';
import { greyTable, paint } from './grey';

const PIXELS_MOST = 16_000_000; // of one canvas on a phone; larger pictures are drawn with every second row and column
const ZOOM_MOST = 12;

/** Two canvases: `pixels` holds the picture in its own size, `screen` shows it zoomed and moved. */
export class Stage {
  zoom = 1;
  private pan = { x: 0, y: 0 };
  private size = { width: 1, height: 1, aspect: 1 };
  private greys: { key: string; table: Uint8ClampedArray } | null = null;
  private filled = false;

  constructor(
    readonly screen: HTMLCanvasElement,
    readonly pixels: HTMLCanvasElement,
  ) {}

  show(frame: Frame, look: Look, window: Window | null, negative: boolean): void {
    const step = Math.ceil(Math.sqrt((look.rows * look.columns) / PIXELS_MOST));
    const wide = Math.ceil(look.columns / step);
    const high = Math.ceil(look.rows / step);
    if (this.pixels.width !== wide) this.pixels.width = wide;
    if (this.pixels.height !== high) this.pixels.height = high;
    this.size = { width: look.columns, height: look.rows, aspect: look.aspect };
    const context = this.pixels.getContext('2d') as CanvasRenderingContext2D;
    if (frame.kind === 'bitmap') context.drawImage(frame.bitmap, 0, 0, wide, high);
    else context.putImageData(this.image(frame, look, window, negative, { wide, high, step }), 0, 0);
    this.filled = true;
    this.redraw();
  }

  clear(): void {
    this.filled = false;
    this.redraw();
  }

  redraw(): void {
    const { screen } = this;
    const ratio = globalThis.devicePixelRatio || 1;
    const width = Math.round(screen.clientWidth * ratio);
    const height = Math.round(screen.clientHeight * ratio);
    if (screen.width !== width) screen.width = width;
    if (screen.height !== height) screen.height = height;
    const context = screen.getContext('2d') as CanvasRenderingContext2D;
    context.fillStyle = '#000';
    context.fillRect(0, 0, width, height);
    if (!this.filled) return;
    const scale = this.scale() * ratio;
    const wide = this.size.width * scale;
    const high = this.size.height * this.size.aspect * scale;
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'high';
    const left = (width - wide) / 2 + this.pan.x * ratio;
    const top = (height - high) / 2 + this.pan.y * ratio;
    context.drawImage(this.pixels, left, top, wide, high);
  }

  reset(): void {
    this.zoom = 1;
    this.pan = { x: 0, y: 0 };
  }

  /** x, y: the point that stays where it is, in CSS pixels from the middle. */
  zoomBy(factor: number, x = 0, y = 0): void {
    const zoom = Math.min(ZOOM_MOST, Math.max(1, this.zoom * factor));
    const change = zoom / this.zoom;
    this.pan = { x: x + (this.pan.x - x) * change, y: y + (this.pan.y - y) * change };
    this.zoom = zoom;
    this.moveBy(0, 0);
  }

  moveBy(x: number, y: number): void {
    const { clientWidth, clientHeight } = this.screen;
    const scale = this.scale();
    // The picture may not be pushed off the screen.
    const farX = Math.max(0, (this.size.width * scale - clientWidth) / 2) + (this.zoom > 1 ? clientWidth / 4 : 0);
    const high = this.size.height * this.size.aspect * scale;
    const farY = Math.max(0, (high - clientHeight) / 2) + (this.zoom > 1 ? clientHeight / 4 : 0);
    this.pan = {
      x: Math.max(-farX, Math.min(farX, this.pan.x + x)),
      y: Math.max(-farY, Math.min(farY, this.pan.y + y)),
    };
    this.redraw();
  }

  private scale(): number {
    const { clientWidth, clientHeight } = this.screen;
    return this.zoom * Math.min(clientWidth / this.size.width, clientHeight / (this.size.height * this.size.aspect));
  }

  private image(
    frame: Exclude<Frame, { kind: 'bitmap' }>,
    look: Look,
    window: Window | null,
    negative: boolean,
    { wide, high, step }: { wide: number; high: number; step: number },
  ): ImageData {
    const target = new Uint32Array(wide * high);
    if (frame.kind === 'grey') {
      paint(frame.values, look.columns, this.table(look, window, negative), target, wide, step);
    } else {
      const source = new Uint32Array(frame.rgba.buffer);
      for (let index = 0; index < target.length; index += 1) {
        const row = Math.floor(index / wide) * step;
        target[index] = source[row * look.columns + (index % wide) * step] as number;
      }
    }
    return new ImageData(new Uint8ClampedArray(target.buffer), wide, high);
  }

  private table(look: Look, window: Window | null, negative: boolean): Uint8ClampedArray {
    const own = [look.bits, look.signed, look.slope, look.intercept, look.curve, look.inverse];
    const shown = window ? [window.center, window.width] : [look.center, look.width, look.table?.greys.length ?? 0];
    const key = [...own, window === null, ...shown, negative].join(' ');
    // Pictures with tables of their own are few: theirs are always made anew.
    if (this.greys?.key !== key || (window === null && look.table)) {
      this.greys = { key, table: greyTable(look, window, negative) };
    }
    return this.greys.table;
  }
}
