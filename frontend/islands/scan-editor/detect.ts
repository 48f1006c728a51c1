/** Where the sheet of paper lies on the photo: the largest bright patch and its four outermost points. */

import { area, isConvex, type Quad } from './geometry';
import type { Pixels } from './pixels';

const LEAST = 0.15; // of the picture; a smaller patch is a stamp or a lamp
const MOST = 0.97; // a larger one is the picture itself
/** The bright neighbours that close the letters make the sheet larger by this many pixels. */
const GROWN = 2.5;
/** A sheet fills its four corners; a cup or a hand does not. */
const FILLED = 0.8;

/** null: nothing that looks like a sheet; then the whole picture is the page. source: small, 400 pixels are plenty. */
export function findCorners(source: Pixels): Quad | null {
  const grey = greyOf(source);
  const patch = largestPatch(grey, threshold(grey), source.width, source.height);
  if (patch.length < LEAST * grey.length) return null;
  const quad = outermost(patch, source.width, source.height);
  const covered = area(quad);
  const isSheet = covered >= LEAST && covered <= MOST && isConvex(quad);
  return isSheet && patch.length / grey.length >= FILLED * covered ? quad : null;
}

/** Grey values, each the mean of its neighbours: print on the paper shall not tear it. */
function greyOf({ data, width, height }: Pixels): Uint8Array {
  const plain = new Uint8Array(width * height);
  for (let place = 0; place < plain.length; place++) {
    const at = place * 4;
    plain[place] = 0.299 * (data[at] as number) + 0.587 * (data[at + 1] as number) + 0.114 * (data[at + 2] as number);
  }
  const soft = new Uint8Array(plain.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let most = 0; // the brightest neighbour closes letters and lines
      for (let dy = -2; dy <= 2; dy++) {
        for (let dx = -2; dx <= 2; dx++) {
          const row = y + dy;
          const column = x + dx;
          if (row >= 0 && row < height && column >= 0 && column < width) {
            most = Math.max(most, plain[row * width + column] as number);
          }
        }
      }
      soft[y * width + x] = most;
    }
  }
  return soft;
}

/** Otsu: the value that parts the picture best into two. */
export function threshold(grey: Uint8Array): number {
  const counts = new Float64Array(256);
  for (const value of grey) counts[value] = (counts[value] as number) + 1;
  const total = grey.length;
  let sum = 0;
  for (let value = 0; value < 256; value++) sum += value * (counts[value] as number);
  let below = 0;
  let sumBelow = 0;
  let best = 0;
  let found = 127;
  for (let value = 0; value < 256; value++) {
    below += counts[value] as number;
    sumBelow += value * (counts[value] as number);
    if (!below || below === total) continue;
    const apart = sumBelow / below - (sum - sumBelow) / (total - below);
    const between = below * (total - below) * apart * apart;
    if (between > best) [best, found] = [between, value];
  }
  return found;
}

/** Places of the largest connected region above the threshold. */
function largestPatch(grey: Uint8Array, above: number, width: number, height: number): number[] {
  const seen = new Uint8Array(grey.length);
  let largest: number[] = [];
  for (let start = 0; start < grey.length; start++) {
    if (seen[start] || (grey[start] as number) <= above) continue;
    const patch = [start];
    seen[start] = 1;
    for (let next = 0; next < patch.length; next++) {
      const place = patch[next] as number;
      const x = place % width;
      const neighbours = [place - width, place + width, x > 0 ? place - 1 : -1, x < width - 1 ? place + 1 : -1];
      for (const neighbour of neighbours) {
        if (neighbour < 0 || neighbour >= width * height || seen[neighbour]) continue;
        seen[neighbour] = 1;
        if ((grey[neighbour] as number) > above) patch.push(neighbour);
      }
    }
    if (patch.length > largest.length) largest = patch;
  }
  return largest;
}

function outermost(patch: number[], width: number, height: number): Quad {
  const far: [number, number, number, number] = [Infinity, -Infinity, -Infinity, Infinity];
  const points: Quad = [
    { x: 0, y: 0 },
    { x: 1, y: 0 },
    { x: 1, y: 1 },
    { x: 0, y: 1 },
  ];
  for (const place of patch) {
    const x = place % width;
    const y = (place - x) / width;
    const point = { x: (x + 0.5) / width, y: (y + 0.5) / height };
    if (x + y < far[0]) [far[0], points[0]] = [x + y, point];
    if (x - y > far[1]) [far[1], points[1]] = [x - y, point];
    if (x + y > far[2]) [far[2], points[2]] = [x + y, point];
    if (x - y < far[3]) [far[3], points[3]] = [x - y, point];
  }
  const middle = { x: mean(points.map((point) => point.x)), y: mean(points.map((point) => point.y)) };
  return points.map(({ x, y }) => ({
    x: x + Math.sign(middle.x - x) * (GROWN / width),
    y: y + Math.sign(middle.y - y) * (GROWN / height),
  })) as Quad;
}

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
