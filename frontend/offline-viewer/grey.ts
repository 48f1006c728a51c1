import type { Window } from '../viewer/windowing';
import type { Look } from './data';
import { bytesOf } from './frame';

const SIGNED_OFFSET = 32768;

/** Modality value -> 0..255 (PS3.3 C.11.2.1.2 LINEAR, C.11.2.1.3.1 SIGMOID, C.11.2.1.3.2 LINEAR_EXACT). */
export function windowed(value: number, { center, width }: Window, curve: string): number {
  if (curve === 'SIGMOID') return 255 / (1 + Math.exp((-4 * (value - center)) / width));
  if (curve === 'LINEAR_EXACT' || width <= 1) return 255 * ((value - center) / width + 0.5);
  return 255 * ((value - (center - 0.5)) / (width - 1) + 0.5);
}

/**
 * Stored value -> grey, for every value there can be.
 *
 * window: null = as the picture itself says, by its own table where it has one.
 */
export function greyTable(look: Look, window: Window | null, negative: boolean): Uint8ClampedArray {
  const greys = new Uint8ClampedArray(look.bits === 8 ? 256 : 65536);
  const own = window ?? { center: look.center, width: look.width };
  const table = window === null && look.table ? { first: look.table.first, greys: bytesOf(look.table.greys) } : null;
  const inverse = look.inverse !== negative;
  const offset = look.signed ? SIGNED_OFFSET : 0;
  for (let index = 0; index < greys.length; index += 1) {
    const value = (index - offset) * look.slope + look.intercept;
    // Rounded down, as medical libraries do; a clamped array alone would round to the nearest.
    const grey = table
      ? (table.greys[Math.min(table.greys.length - 1, Math.max(0, Math.round(value) - table.first))] as number)
      : Math.floor(windowed(value, own, look.curve));
    greys[index] = grey;
    if (inverse) greys[index] = 255 - (greys[index] as number);
  }
  return greys;
}

/** Grey values as the pixels of a canvas. step: every how manyth row and column is drawn. */
export function paint(
  values: Uint8Array | Uint16Array,
  columns: number,
  greys: Uint8ClampedArray,
  target: Uint32Array,
  wide: number,
  step: number,
): void {
  const colours = new Uint32Array(greys.length);
  for (let index = 0; index < greys.length; index += 1) {
    const grey = greys[index] as number;
    colours[index] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
  }
  if (step === 1) {
    for (let index = 0; index < target.length; index += 1) {
      target[index] = colours[values[index] as number] as number;
    }
    return;
  }
  for (let index = 0; index < target.length; index += 1) {
    const row = Math.floor(index / wide) * step;
    target[index] = colours[values[row * columns + (index % wide) * step] as number] as number;
  }
}
