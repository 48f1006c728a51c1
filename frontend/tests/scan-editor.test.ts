import { describe, expect, it } from 'vitest';
import { findCorners } from '../islands/scan-editor/detect';
import {
  area,
  flatSize,
  isConvex,
  mapped,
  moved,
  project,
  projection,
  type Quad,
  turned,
  WHOLE,
} from '../islands/scan-editor/geometry';
import { isPicture } from '../islands/scan-editor/index';
import { PageStrip } from '../islands/scan-editor/pages';
import { adjust, curve, type Pixels, warp } from '../islands/scan-editor/pixels';

const SHEET: Quad = [
  { x: 0.2, y: 0.15 },
  { x: 0.8, y: 0.2 },
  { x: 0.85, y: 0.9 },
  { x: 0.1, y: 0.8 },
];

function isInside(quad: Quad, x: number, y: number): boolean {
  const { x: u, y: v } = project(projection(quad, WHOLE), { x, y });
  return u >= 0 && u <= 1 && v >= 0 && v <= 1;
}

/** A grey sheet on a dark table; its left half is lighter. */
function photo(width: number, height: number, quad: Quad | null = SHEET): Pixels {
  const data = new Uint8ClampedArray(width * height * 4);
  const back = quad && projection(quad, WHOLE);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const point = { x: (x + 0.5) / width, y: (y + 0.5) / height };
      const on = quad && isInside(quad, point.x, point.y);
      const light = on && back ? (project(back, point).x < 0.5 ? 240 : 200) : 40;
      data.set([light, light, light, 255], (y * width + x) * 4);
    }
  }
  return { width, height, data };
}

describe('projection', () => {
  it('takes four corners to four corners and back', () => {
    const there = mapped(SHEET, projection(SHEET, WHOLE));
    there.forEach((point, corner) => {
      expect(point.x).toBeCloseTo(WHOLE[corner]?.x ?? -1, 9);
      expect(point.y).toBeCloseTo(WHOLE[corner]?.y ?? -1, 9);
    });
    const again = project(projection(WHOLE, SHEET), project(projection(SHEET, WHOLE), { x: 0.4, y: 0.5 }));
    expect(again.x).toBeCloseTo(0.4, 9);
    expect(again.y).toBeCloseTo(0.5, 9);
  });

  it('keeps the longer sides of the page', () => {
    expect(flatSize(WHOLE, { width: 3000, height: 4000 }, 2480)).toEqual({ width: 1860, height: 2480 });
  });
});

describe('corners', () => {
  it('move, but never past each other', () => {
    expect(moved(SHEET, 0, { x: 0.1, y: 0.1 })[0]).toEqual({ x: 0.1, y: 0.1 });
    expect(moved(SHEET, 0, { x: 0.95, y: 0.95 })).toEqual(SHEET);
    expect(moved(WHOLE, 2, { x: 2, y: 2 })[2]).toEqual({ x: 1, y: 1 });
  });

  it('turn with the picture: four quarter turns are none', () => {
    let quad = SHEET;
    for (let turn = 0; turn < 4; turn++) {
      quad = turned(quad, true);
      expect(isConvex(quad)).toBe(true);
    }
    quad.forEach((point, corner) => {
      expect(point.x).toBeCloseTo(SHEET[corner]?.x ?? -1, 9);
    });
    expect(turned(turned(SHEET, true), false)[2]?.y).toBeCloseTo(0.9, 9);
  });

  it('are found on a photo of a sheet', () => {
    const found = findCorners(photo(300, 400));
    expect(found).not.toBeNull();
    found?.forEach((point, corner) => {
      expect(Math.abs(point.x - (SHEET[corner]?.x ?? 0))).toBeLessThan(0.02);
      expect(Math.abs(point.y - (SHEET[corner]?.y ?? 0))).toBeLessThan(0.02);
    });
  });

  it('are not invented where there is no sheet', () => {
    expect(findCorners(photo(200, 200, null))).toBeNull();
    expect(area(WHOLE)).toBe(1);
  });
});

describe('pixels', () => {
  it('show the page as from above', () => {
    const size = { width: 60, height: 80 };
    const flat = warp(photo(300, 400), projection(WHOLE, SHEET), size);
    const at = (x: number, y: number) => flat[(y * size.width + x) * 4] ?? -1;
    expect(at(10, 40)).toBe(240);
    expect(at(50, 40)).toBe(200);
    expect(Math.min(...[at(2, 2), at(57, 2), at(57, 77), at(2, 77)])).toBeGreaterThan(150);
  });

  it('become grey, brighter and steeper', () => {
    const data = new Uint8ClampedArray([200, 100, 50, 255]);
    adjust(data, { brightness: 0, contrast: 0, grey: true });
    expect([...data]).toEqual([124, 124, 124, 255]);
    expect(curve({ brightness: 50, contrast: 0, grey: false })[128]).toBe(192);
    const steep = curve({ brightness: 0, contrast: 40, grey: false });
    expect([steep[64], steep[128], steep[192]]).toEqual([0, 128, 255]);
  });
});

it('takes pictures only', () => {
  const file = (name: string, type = '') => new File([], name, { type });
  expect(isPicture(file('a.HEIC'))).toBe(true);
  expect(isPicture(file('a', 'image/png'))).toBe(true);
  expect(isPicture(file('a.pdf', 'application/pdf'))).toBe(false);
});

it('keeps pages in their order', () => {
  document.body.innerHTML = '<ol id="pages"></ol>';
  const list = document.getElementById('pages') as HTMLElement;
  const chosen: number[] = [];
  const strip = new PageStrip(list, 'Strona {number}', (number) => chosen.push(number));
  strip.show(3, 2, undefined);
  const third = list.querySelectorAll('button')[2];
  strip.move(2, 0);
  strip.show(3, 0, undefined);
  expect(list.querySelectorAll('button')[0]).toBe(third);
  third?.click();
  expect(chosen).toEqual([0]);
  expect([...list.querySelectorAll('span')].map((one) => one.textContent)).toEqual([
    'Strona 1',
    'Strona 2',
    'Strona 3',
  ]);
});
