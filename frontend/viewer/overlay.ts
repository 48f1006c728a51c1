import type { Types } from '@cornerstonejs/core';
import type { Config } from './config';
import { one } from './dom';
import { decimal, letters, lettersFromNames, scaleBar, type Vector } from './labels';
import { type LoadedSeries, TAG, values } from './series';
import type { Stack } from './stack';
import type { Texts } from './texts';

const put = (id: string, text: string) => {
  const place = one(`#${id}`);
  if (place.textContent !== text) place.textContent = text;
};

/** What stands over the picture: series, date, window, zoom, orientation letters, scale. Never who the patient is. */
export class Overlay {
  private readonly line = document.querySelector('#o-scale-line');
  private readonly words = document.querySelector('#o-scale-text');

  constructor(
    private readonly stack: Stack,
    private readonly config: Config,
    private readonly t: Texts,
  ) {}

  update(series: LoadedSeries): void {
    put('o-title', series.card.title);
    put('o-date', this.config.date);
    this.window(series);
    this.directions(series);
    this.scale(series);
  }

  private window(series: LoadedSeries): void {
    const window = this.stack.window;
    const told = window && series.card.modality !== 'US';
    put('o-window', told ? this.t('window', { center: round(window.center), width: round(window.width) }) : '');
    const zoom = this.stack.viewport.getZoom();
    put('o-zoom', this.t('zoom', { zoom: decimal(zoom, this.config.language) }));
  }

  private directions(series: LoadedSeries): void {
    const [right, down] = this.screenAxes();
    const name = this.namer(series);
    put('o-right', name(right));
    put('o-left', name(minus(right)));
    put('o-bottom', name(down));
    put('o-top', name(minus(down)));
  }

  private namer(series: LoadedSeries): (direction: Vector) => string {
    const instance = series.instances[this.stack.index] ?? {};
    if (values(instance, TAG.imageOrientation).length === 6 || instance[TAG.sharedGroups]) return letters;
    const [row, column] = values(instance, TAG.patientOrientation) as string[];
    return row && column ? (direction) => lettersFromNames(direction, [row, column]) : () => '';
  }

  /** Where the right and the lower edge of the screen point to, in patient coordinates (mm); flips and rotation are in it. */
  private screenAxes(): [Vector, Vector] {
    const { viewport } = this.stack;
    const origin = viewport.canvasToWorld([0, 0]);
    return [difference(viewport.canvasToWorld([10, 0]), origin), difference(viewport.canvasToWorld([0, 10]), origin)];
  }

  private scale(series: LoadedSeries): void {
    const millimetres = Math.hypot(...this.screenAxes()[0]) / 10;
    const bar = series.spacing === 'known' && series.card.modality !== 'US' ? scaleBar(millimetres) : null;
    this.line?.setAttribute('d', bar ? `M1 17v8h${bar.pixels.toFixed(1)}v-8` : '');
    if (this.words) this.words.textContent = bar?.text ?? '';
  }
}

const round = (value: number) => Math.round(value);
const minus = ([x, y, z]: Vector): Vector => [-x, -y, -z];
const difference = (end: Types.Point3, start: Types.Point3): Vector => [
  end[0] - start[0],
  end[1] - start[1],
  end[2] - start[2],
];
