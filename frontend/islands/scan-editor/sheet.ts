/** One page of the document: its photo, and everything that was done to it. Nothing is lost until it is sent. */

import { findCorners } from './detect';
import {
  type Box,
  boxOf,
  flatSize,
  mapped,
  type Point,
  projection,
  type Quad,
  quadOf,
  type Size,
  turned,
  WHOLE,
} from './geometry';
import { AS_IT_IS, adjust, type Look, type Pixels, warp } from './pixels';

/** Long side of what is sent (the server takes no more), of what is kept, and of what detection looks at. */
const SENT = 2480;
const KEPT = 3200;
const LOOKED_AT = 400;
const QUALITY = 0.85;
const NOTE_LINE = 1 / 28; // of the page's width
const NOTE_FONT = 'system-ui, sans-serif';

export class Sheet {
  corners: Quad = WHOLE;
  /** Covered parts, as they lie on the photo: they stay on the same words when the corners move. */
  covers: Quad[] = [];
  look: Look = { ...AS_IT_IS };
  note = '';
  /** Whether the corners are those of a sheet of paper that was seen. */
  found = false;

  private resting: Blob | null = null;

  private constructor(public photo: HTMLCanvasElement) {}

  /** blob: any picture the browser can decode; turned as its camera says. Rejects when it cannot. */
  static async of(blob: Blob): Promise<Sheet> {
    const sheet = new Sheet(await photoOf(blob));
    sheet.detect();
    return sheet;
  }

  /** Nobody looks at it: a phone has no memory for many photos at once. */
  async rest(): Promise<void> {
    if (this.resting || !this.photo.width) return;
    const blob = await blobOf(this.photo, 0.95);
    this.resting = blob;
    this.photo.width = this.photo.height = 0;
  }

  async wake(): Promise<void> {
    if (!this.resting) return;
    this.photo = await photoOf(this.resting);
    this.resting = null;
  }

  /** Whether the sheet of paper was found; otherwise the page is the whole photo. */
  detect(): boolean {
    const found = findCorners(pixelsOf(this.photo, LOOKED_AT));
    this.corners = found ?? WHOLE;
    this.found = found !== null;
    return this.found;
  }

  turn(clockwise: boolean): void {
    const { width, height } = this.photo;
    const next = canvasOf({ width: height, height: width });
    const context = contextOf(next);
    context.translate(next.width / 2, next.height / 2);
    context.rotate(clockwise ? Math.PI / 2 : -Math.PI / 2);
    context.drawImage(this.photo, -width / 2, -height / 2);
    this.photo = next;
    this.corners = turned(this.corners, clockwise);
    this.covers = this.covers.map((cover) => turned(cover, clockwise));
  }

  /** From the flat page to the photo. */
  private get back() {
    return projection(WHOLE, this.corners);
  }

  /** Covered parts as they lie on the flat page. */
  coversOnPage(): Quad[] {
    const there = projection(this.corners, WHOLE);
    return this.covers.map((cover) => mapped(cover, there));
  }

  boxOfCover(number: number): Box {
    return boxOf(this.coversOnPage()[number] ?? WHOLE);
  }

  /** box: on the flat page. Returns the number of the cover. */
  cover(box: Box, number = this.covers.length): number {
    this.covers[number] = mapped(quadOf(box), this.back);
    return number;
  }

  uncover(number: number): void {
    this.covers.splice(number, 1);
  }

  size(longest = SENT): Size {
    return flatSize(this.corners, this.photo, longest);
  }

  /** The page as it will be sent, or smaller. covered: without it the covered parts show (for moving them). */
  draw(target: HTMLCanvasElement, longest: number): void {
    const size = this.size(longest);
    const noteHeight = this.noteHeight(target, size);
    target.width = size.width;
    target.height = size.height + noteHeight;
    const context = contextOf(target);
    const source = pixelsOf(this.photo, Math.max(longest, 1) * 1.4);
    const data = warp(source, this.back, size);
    adjust(data, this.look);
    context.putImageData(new ImageData(data, size.width, size.height), 0, 0);
    // Over the pixels themselves: what lies beneath is in no byte of what is sent (R32).
    context.fillStyle = context.strokeStyle = '#000';
    context.lineWidth = Math.max(2, size.width / 400);
    for (const cover of this.coversOnPage()) fill(context, cover, size);
    if (noteHeight) this.writeNote(context, size, noteHeight);
  }

  async picture(): Promise<Blob> {
    await this.wake();
    const canvas = canvasOf({ width: 1, height: 1 });
    this.draw(canvas, SENT);
    return blobOf(canvas, QUALITY);
  }

  private noteHeight(canvas: HTMLCanvasElement, size: Size): number {
    if (!this.note.trim()) return 0;
    const line = size.width * NOTE_LINE;
    return Math.ceil((this.noteLines(contextOf(canvas), size).length + 1) * line * 1.35);
  }

  private noteLines(context: CanvasRenderingContext2D, size: Size): string[] {
    const line = size.width * NOTE_LINE;
    context.font = `${line}px ${NOTE_FONT}`;
    const lines: string[] = [];
    for (const paragraph of this.note.trim().split('\n')) {
      let current = '';
      for (const word of paragraph.split(/\s+/)) {
        const longer = current ? `${current} ${word}` : word;
        if (current && context.measureText(longer).width > size.width - 2 * line) {
          lines.push(current);
          current = word;
        } else current = longer;
      }
      lines.push(current);
    }
    return lines;
  }

  private writeNote(context: CanvasRenderingContext2D, size: Size, height: number): void {
    const line = size.width * NOTE_LINE;
    context.fillStyle = '#fff';
    context.fillRect(0, size.height, size.width, height);
    context.fillStyle = '#000';
    context.fillRect(0, size.height, size.width, Math.max(1, line / 12));
    const lines = this.noteLines(context, size);
    context.textBaseline = 'middle';
    lines.forEach((text, number) => {
      context.fillText(text, line, size.height + (number + 1) * line * 1.35);
    });
  }
}

function fill(context: CanvasRenderingContext2D, quad: Quad, size: Size): void {
  context.beginPath();
  quad.forEach((point: Point, number) => {
    const x = point.x * size.width;
    const y = point.y * size.height;
    if (number) context.lineTo(x, y);
    else context.moveTo(x, y);
  });
  context.closePath();
  context.fill();
  context.stroke();
}

async function photoOf(blob: Blob): Promise<HTMLCanvasElement> {
  const bitmap = await createImageBitmap(blob, { imageOrientation: 'from-image' });
  const scale = Math.min(1, KEPT / Math.max(bitmap.width, bitmap.height));
  const width = Math.round(bitmap.width * scale) || 1;
  const canvas = canvasOf({ width, height: Math.round(bitmap.height * scale) || 1 });
  const context = contextOf(canvas);
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas;
}

function blobOf(canvas: HTMLCanvasElement, quality: number): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/jpeg', quality);
  });
}

export function canvasOf({ width, height }: Size): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

export function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('no canvas');
  return context;
}

/** Pixels of the photo, made smaller where less is enough. */
function pixelsOf(photo: HTMLCanvasElement, longest: number): Pixels {
  const scale = Math.min(1, longest / Math.max(photo.width, photo.height));
  const width = Math.max(1, Math.round(photo.width * scale));
  const height = Math.max(1, Math.round(photo.height * scale));
  if (scale === 1) return contextOf(photo).getImageData(0, 0, width, height);
  const small = canvasOf({ width, height });
  const context = contextOf(small);
  context.imageSmoothingQuality = 'high';
  context.drawImage(photo, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}
