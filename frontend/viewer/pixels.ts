import type { Stack } from './stack';

/**
 * For tests and for support: `viewport.dispatchEvent(new Event('klisza:describe'))` writes to `data-pixels` what was
 * decoded for the image on the screen, so that it can be compared with another decoder. Nothing is changed by it.
 * Values are modality values (rescaled; Hounsfield units for CT), or 0 to 255 for colour.
 */
export interface Description {
  index: number;
  rows: number;
  columns: number;
  color: boolean;
  min: number;
  max: number;
  mean: number;
}

export function describe(values: ArrayLike<number>, components: number): { min: number; max: number; mean: number } {
  let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let index = 0; index < values.length; index += 1) {
    if (components === 4 && index % 4 === 3) continue; // alpha
    const value = values[index] as number;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    count += 1;
  }
  return { min, max, mean: sum / count };
}

export function answerDescribe(element: HTMLElement, stack: Stack): void {
  element.addEventListener('klisza:describe', () => {
    const image = stack.viewport.getCornerstoneImage();
    if (!image) return;
    const pixels = image.getPixelData();
    const components = Math.round(pixels.length / (image.rows * image.columns));
    const description: Description = {
      index: stack.viewport.getCurrentImageIdIndex(),
      rows: image.rows,
      columns: image.columns,
      color: image.color,
      ...describe(pixels, components),
    };
    element.dataset.pixels = JSON.stringify(description);
  });
}
