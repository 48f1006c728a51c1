/** Points, quadrilaterals and the projection between them. Coordinates of pictures run from 0 to 1. */

export interface Point {
  x: number;
  y: number;
}

/** Top left, top right, bottom right, bottom left. */
export type Quad = [Point, Point, Point, Point];
export type Matrix = readonly number[];

export interface Size {
  width: number;
  height: number;
}

export const WHOLE: Quad = [
  { x: 0, y: 0 },
  { x: 1, y: 0 },
  { x: 1, y: 1 },
  { x: 0, y: 1 },
];
/** Handles stay this far apart, in parts of the picture: a page cannot be turned inside out. */
const CLOSEST = 0.04;

export const clamp = (value: number, least = 0, most = 1): number => Math.min(most, Math.max(least, value));

/** The projection that takes the four points of `from` to those of `to`: nine numbers, row by row. */
export function projection(from: Quad, to: Quad): Matrix {
  const rows: number[][] = [];
  for (let corner = 0; corner < 4; corner++) {
    const { x, y } = from[corner] as Point;
    const { x: u, y: v } = to[corner] as Point;
    rows.push([x, y, 1, 0, 0, 0, -u * x, -u * y, u], [0, 0, 0, x, y, 1, -v * x, -v * y, v]);
  }
  return [...solve(rows), 1];
}

/** Gauss with pivots; each row carries its right side as the last number. */
function solve(rows: number[][]): number[] {
  const count = rows.length;
  for (let step = 0; step < count; step++) {
    let best = step;
    for (let row = step + 1; row < count; row++) {
      if (Math.abs(at(rows, row, step)) > Math.abs(at(rows, best, step))) best = row;
    }
    [rows[step], rows[best]] = [rows[best] as number[], rows[step] as number[]];
    const pivot = at(rows, step, step) || 1e-12;
    for (let row = 0; row < count; row++) {
      if (row === step) continue;
      const factor = at(rows, row, step) / pivot;
      const target = rows[row] as number[];
      for (let column = step; column <= count; column++)
        target[column] = at(rows, row, column) - factor * at(rows, step, column);
    }
  }
  return rows.map((row, step) => (row[count] ?? 0) / ((row[step] ?? 0) || 1e-12));
}

const at = (rows: number[][], row: number, column: number): number => rows[row]?.[column] ?? 0;

type Nine = [number, number, number, number, number, number, number, number, number];
export const nine = (matrix: Matrix): Nine => matrix.slice(0, 9) as Nine;

export function project(matrix: Matrix, { x, y }: Point): Point {
  const [a, b, c, d, e, f, g, h, i] = nine(matrix);
  const w = g * x + h * y + i || 1e-12;
  return { x: (a * x + b * y + c) / w, y: (d * x + e * y + f) / w };
}

export const mapped = (quad: Quad, matrix: Matrix): Quad => quad.map((point) => project(matrix, point)) as Quad;

/** How large the flattened page becomes: its longer sides count, so that nothing is lost. */
export function flatSize(corners: Quad, source: Size, longest: number): Size {
  const side = (from: number, to: number) => {
    const a = corners[from] as Point;
    const b = corners[to] as Point;
    return Math.hypot((b.x - a.x) * source.width, (b.y - a.y) * source.height);
  };
  const width = Math.max(side(0, 1), side(3, 2), 1);
  const height = Math.max(side(0, 3), side(1, 2), 1);
  const scale = Math.min(1, longest / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** The corner moves as far as the others let it: the page stays convex. */
export function moved(corners: Quad, corner: number, to: Point): Quad {
  const point = { x: clamp(to.x), y: clamp(to.y) };
  const next = corners.map((old, number) => (number === corner ? point : old)) as Quad;
  return isConvex(next) ? next : corners;
}

export function isConvex(quad: Quad): boolean {
  for (let corner = 0; corner < 4; corner++) {
    const a = quad[corner] as Point;
    const b = quad[(corner + 1) % 4] as Point;
    const c = quad[(corner + 2) % 4] as Point;
    if (Math.hypot(b.x - a.x, b.y - a.y) < CLOSEST) return false;
    if ((b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x) <= 0.0005) return false;
  }
  return true;
}

export function area(quad: Quad): number {
  let twice = 0;
  for (let corner = 0; corner < 4; corner++) {
    const a = quad[corner] as Point;
    const b = quad[(corner + 1) % 4] as Point;
    twice += a.x * b.y - b.x * a.y;
  }
  return Math.abs(twice) / 2;
}

/** A quarter turn clockwise of everything that lies on the picture, or counter-clockwise. */
export function turned(quad: Quad, clockwise: boolean): Quad {
  const turn = ({ x, y }: Point): Point => (clockwise ? { x: 1 - y, y: x } : { x: y, y: 1 - x });
  const [a, b, c, d] = quad.map(turn) as Quad;
  return clockwise ? [d, a, b, c] : [b, c, d, a];
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export function boxOf(quad: Quad): Box {
  const xs = quad.map((point) => point.x);
  const ys = quad.map((point) => point.y);
  const x = Math.min(...xs);
  const y = Math.min(...ys);
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

export const quadOf = ({ x, y, width, height }: Box): Quad => [
  { x, y },
  { x: x + width, y },
  { x: x + width, y: y + height },
  { x, y: y + height },
];
