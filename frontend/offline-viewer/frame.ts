import type { Look } from './data';

/** One decoded picture. Grey: stored values from 0 on (signed ones plus 32768). Colour: RGBA, or a bitmap to draw. */
export type Frame =
  | { kind: 'grey'; values: Uint8Array | Uint16Array; bytes: number }
  | { kind: 'colour'; rgba: Uint8ClampedArray<ArrayBuffer>; bytes: number }
  | { kind: 'bitmap'; bitmap: ImageBitmap; bytes: number };

export class Unshowable extends Error {}

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const raw = atob(base64);
  const bytes = new Uint8Array(raw.length);
  for (let index = 0; index < raw.length; index += 1) bytes[index] = raw.charCodeAt(index);
  return bytes;
}

/** Raises Unshowable. The other half of klisza/exports/offline/pixels.py. */
export async function decode(look: Look, base64: string): Promise<Frame> {
  if (look.form === 'nothing' || !base64) throw new Unshowable();
  const data = bytesOf(base64);
  if (look.form === 'jpeg') {
    const picture = new Blob([data], { type: 'image/jpeg' });
    const bitmap = await createImageBitmap(picture, { colorSpaceConversion: 'none' });
    return { kind: 'bitmap', bitmap, bytes: look.rows * look.columns * 4 };
  }
  const planes = await inflate(data);
  const size = look.rows * look.columns;
  if (look.form === 'colour') {
    if (planes.length !== size * 3) throw new Unshowable();
    return { kind: 'colour', rgba: colour(planes, look.rows, look.columns), bytes: size * 4 };
  }
  if (planes.length !== size * (look.bits / 8)) throw new Unshowable();
  const values =
    look.bits === 8 ? unpredict8(planes, look.rows, look.columns) : unpredict16(planes, look.rows, look.columns);
  return { kind: 'grey', values, bytes: values.byteLength };
}

async function inflate(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Median predictor of JPEG-LS, modulo 256 or 65536 by the width of `out`. */
function restore(out: Uint8Array | Uint16Array, columns: number, residual: (index: number) => number): void {
  for (let index = 0; index < columns && index < out.length; index += 1) {
    out[index] = (index ? (out[index - 1] as number) : 0) + residual(index);
  }
  for (let start = columns; start < out.length; start += columns) {
    let corner = out[start - columns] as number;
    let left = corner + residual(start);
    out[start] = left;
    left = out[start] as number;
    for (let index = start + 1; index < start + columns; index += 1) {
      const above = out[index - columns] as number;
      const low = left < above ? left : above;
      const high = left < above ? above : left;
      const slope = left + above - corner;
      out[index] = (slope < low ? low : slope > high ? high : slope) + residual(index);
      left = out[index] as number;
      corner = above;
    }
  }
}

export function unpredict8(residuals: Uint8Array, rows: number, columns: number): Uint8Array {
  const out = new Uint8Array(rows * columns);
  restore(out, columns, (index) => residuals[index] as number);
  return out;
}

export function unpredict16(planes: Uint8Array, rows: number, columns: number): Uint16Array {
  const size = rows * columns;
  const out = new Uint16Array(size);
  restore(out, columns, (index) => {
    const folded = (planes[index] as number) | ((planes[size + index] as number) << 8);
    return (folded >>> 1) ^ -(folded & 1);
  });
  return out;
}

function colour(planes: Uint8Array, rows: number, columns: number): Uint8ClampedArray<ArrayBuffer> {
  const size = rows * columns;
  const [green, red, blue] = [0, 1, 2].map((number) =>
    unpredict8(planes.subarray(number * size, (number + 1) * size), rows, columns),
  ) as [Uint8Array, Uint8Array, Uint8Array];
  const rgba = new Uint8ClampedArray(size * 4);
  for (let index = 0; index < size; index += 1) {
    const own = green[index] as number;
    rgba[index * 4] = ((red[index] as number) + own) & 255;
    rgba[index * 4 + 1] = own;
    rgba[index * 4 + 2] = ((blue[index] as number) + own) & 255;
    rgba[index * 4 + 3] = 255;
  }
  return rgba;
}
