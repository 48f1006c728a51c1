/** Letters and lengths drawn over the picture; pure arithmetic, so that flips and rotations are tested without a canvas. */
export type Vector = readonly [number, number, number];

const AXES: readonly (readonly [string, string])[] = [
  ['L', 'R'], // DICOM patient axes point to the left, ...
  ['P', 'A'], // ... to the back ...
  ['H', 'F'], // ... and to the head (PS3.3 C.7.6.1.1.1)
];
const WORTH_TELLING = 0.35; // a component below this (about 20 degrees) says nothing to the eye

/** (0.9, 0.4, 0) -> 'LP': strongest axis first, at most two letters. */
export function letters(direction: Vector): string {
  const length = Math.hypot(...direction) || 1;
  return direction
    .map((value, axis) => ({ share: Math.abs(value) / length, letter: AXES[axis]?.[value > 0 ? 0 : 1] ?? '' }))
    .filter(({ share }) => share > WORTH_TELLING)
    .sort((a, b) => b.share - a.share)
    .slice(0, 2)
    .map(({ letter }) => letter)
    .join('');
}

const OPPOSITE: Readonly<Record<string, string>> = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' };

export function opposite(text: string): string {
  return [...text].map((letter) => OPPOSITE[letter] ?? '').join('');
}

/**
 * Letters from Patient Orientation (0020,0020), e.g. ['L', 'F']: towards the right edge and the bottom edge as stored.
 * direction: where a screen edge points in stored columns (x) and rows (y).
 */
export function lettersFromNames(direction: Vector, [row, column]: readonly [string, string]): string {
  const [x, y] = direction;
  if (Math.abs(x) >= Math.abs(y)) return x > 0 ? row : opposite(row);
  return y > 0 ? column : opposite(column);
}

export interface ScaleBar {
  pixels: number;
  text: string;
}

const NICE_MM = [1, 2, 5, 10, 20, 50, 100, 200];
const WIDEST = 130; // CSS pixels

/** The longest round length that fits; null when nothing is known or the picture is far too small or large. */
export function scaleBar(mmPerPixel: number): ScaleBar | null {
  if (!Number.isFinite(mmPerPixel) || mmPerPixel <= 0) return null;
  const millimetres = NICE_MM.filter((length) => length / mmPerPixel <= WIDEST).at(-1);
  if (millimetres === undefined) return null;
  const text = millimetres >= 10 ? `${millimetres / 10} cm` : `${millimetres} mm`;
  return { pixels: millimetres / mmPerPixel, text };
}

/** 162.94 -> '162,9' in Polish. */
export function decimal(value: number, language: string, digits = 1): string {
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
