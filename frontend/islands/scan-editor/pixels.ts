/** What is done to pixels: pure functions on RGBA bytes. */

import { clamp, type Matrix, nine, type Size } from './geometry';

export interface Pixels extends Size {
  data: Uint8ClampedArray;
}

export interface Look {
  /** -100 to 100 each. */
  brightness: number;
  contrast: number;
  grey: boolean;
}

export const AS_IT_IS: Look = { brightness: 0, contrast: 0, grey: false };

/**
 * The page as if seen from straight above. matrix: from the flat page (0 to 1) to the source (0 to 1).
 * Bilinear; what lies outside the source is white.
 */
export function warp(source: Pixels, matrix: Matrix, size: Size): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray(size.width * size.height * 4);
  const [a, b, c, d, e, f, g, h, i] = nine(matrix);
  const { data, width, height } = source;
  let place = 0;
  for (let row = 0; row < size.height; row++) {
    const v = (row + 0.5) / size.height;
    for (let column = 0; column < size.width; column++, place += 4) {
      const u = (column + 0.5) / size.width;
      const w = g * u + h * v + i;
      const x = ((a * u + b * v + c) / w) * width - 0.5;
      const y = ((d * u + e * v + f) / w) * height - 0.5;
      const left = clamp(Math.floor(x), 0, width - 1);
      const top = clamp(Math.floor(y), 0, height - 1);
      const right = Math.min(left + 1, width - 1);
      const bottom = Math.min(top + 1, height - 1);
      const fx = clamp(x - left);
      const fy = clamp(y - top);
      const nw = (top * width + left) * 4;
      const ne = (top * width + right) * 4;
      const sw = (bottom * width + left) * 4;
      const se = (bottom * width + right) * 4;
      for (let channel = 0; channel < 3; channel++) {
        const above = (data[nw + channel] as number) * (1 - fx) + (data[ne + channel] as number) * fx;
        const below = (data[sw + channel] as number) * (1 - fx) + (data[se + channel] as number) * fx;
        out[place + channel] = above * (1 - fy) + below * fy;
      }
      out[place + 3] = 255;
    }
  }
  return out;
}

/** In place. Not by the canvas' own filter: not every browser has it. */
export function adjust(data: Uint8ClampedArray, look: Look): void {
  if (!look.brightness && !look.contrast && !look.grey) return;
  const table = curve(look);
  for (let place = 0; place < data.length; place += 4) {
    let red = data[place] as number;
    let green = data[place + 1] as number;
    let blue = data[place + 2] as number;
    if (look.grey) red = green = blue = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    data[place] = table[red] as number;
    data[place + 1] = table[green] as number;
    data[place + 2] = table[blue] as number;
  }
}

export function curve({ brightness, contrast }: Look): Uint8ClampedArray {
  const shift = brightness * 1.28;
  const steep = contrast >= 0 ? 1 + contrast / 40 : 1 + contrast / 125;
  const table = new Uint8ClampedArray(256);
  for (let value = 0; value < 256; value++) table[value] = (value - 128) * steep + 128 + shift;
  return table;
}
