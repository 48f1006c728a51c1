import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Chunks } from '../offline-viewer/chunks';
import { clipOf, type Data, type Look, place, type Series } from '../offline-viewer/data';
import { make } from '../offline-viewer/dom';
import { decode, Unshowable, unpredict8, unpredict16 } from '../offline-viewer/frame';
import { greyTable, paint, windowed } from '../offline-viewer/grey';
import { Texts } from '../offline-viewer/texts';

const LOOK: Look = {
  form: 'grey',
  rows: 2,
  columns: 2,
  aspect: 1,
  plane: null,
  sides: null,
  bits: 16,
  signed: true,
  slope: 1,
  intercept: -1000,
  center: 40,
  width: 400,
  curve: 'LINEAR',
  inverse: false,
  table: null,
};

function series(values: Partial<Series>): Series {
  const empty = { folder: 'SE0001', title: '', modality: 'CT', bodyPart: '', frameTime: 0, thumbnail: '' };
  return { ...empty, looks: [LOOK], images: [0, 0, 0, 0, 0], clips: [], chunks: [2, 3], ...values };
}

describe('where an image lies', () => {
  it('counts through the chunk files', () => {
    expect(place([2, 3], 0)).toEqual({ chunk: 0, line: 0 });
    expect(place([2, 3], 4)).toEqual({ chunk: 1, line: 2 });
    expect(() => place([2, 3], 5)).toThrow(RangeError);
  });

  it('knows the clip of a film', () => {
    expect(clipOf(series({ clips: [2, 3] }), 3)).toEqual({ first: 2, count: 3 });
    expect(clipOf(series({}), 3)).toEqual({ first: 0, count: 5 });
  });
});

/** The predictor as the specification of JPEG-LS words it, the other way round. */
function residuals(values: number[], columns: number): number[] {
  return values.map((value, index) => {
    const above = index - columns >= 0 ? (values[index - columns] as number) : undefined;
    if (index % columns === 0) return value - (above ?? 0);
    const left = values[index - 1] as number;
    if (above === undefined) return value - left;
    const corner = values[index - columns - 1] as number;
    const guess = left + above - corner;
    return value - Math.max(Math.min(left, above), Math.min(Math.max(left, above), guess));
  });
}

describe('residuals', () => {
  const values = [0, 255, 3, 9, 200, 100, 255, 255, 0, 17, 18, 19];

  it('of 8 bit come back', () => {
    const told = Uint8Array.from(residuals(values, 4));
    expect([...unpredict8(told, 3, 4)]).toEqual(values);
  });

  it('of 16 bit come back from two planes', () => {
    const wide = values.map((value) => value * 257);
    const folded = residuals(wide, 4).map((difference) => {
      const wrapped = (difference << 16) >> 16;
      return ((wrapped << 1) ^ (wrapped >> 15)) & 0xffff;
    });
    const planes = Uint8Array.from([...folded.map((one) => one & 255), ...folded.map((one) => one >> 8)]);
    expect([...unpredict16(planes, 3, 4)]).toEqual(wide);
  });

  it('that are missing are not drawn', async () => {
    await expect(decode({ ...LOOK, form: 'nothing' }, 'AAAA')).rejects.toThrow(Unshowable);
    await expect(decode(LOOK, '')).rejects.toThrow(Unshowable);
  });
});

describe('greys', () => {
  it('follow PS3.3 C.11.2.1.2', () => {
    expect(windowed(40 - 200, { center: 40, width: 400 }, 'LINEAR')).toBeLessThanOrEqual(0);
    expect(windowed(39.5, { center: 40, width: 400 }, 'LINEAR')).toBeCloseTo(127.5);
    expect(windowed(40, { center: 40, width: 400 }, 'LINEAR_EXACT')).toBeCloseTo(127.5);
    expect(windowed(40, { center: 40, width: 400 }, 'SIGMOID')).toBeCloseTo(127.5);
  });

  it('know signed values, MONOCHROME1 and the negative', () => {
    const stored = 1040 + 32768; // 40 Hounsfield units
    expect(greyTable(LOOK, null, false)[stored]).toBe(127);
    expect(greyTable({ ...LOOK, inverse: true }, null, false)[stored]).toBe(128);
    expect(greyTable({ ...LOOK, inverse: true }, null, true)[stored]).toBe(127);
  });

  it('come from the table of the picture until somebody chooses a window', () => {
    const table = { first: 10, greys: btoa(String.fromCharCode(7, 8, 9)) };
    const look = { ...LOOK, bits: 8 as const, signed: false, intercept: 0, table };
    expect([...greyTable(look, null, false).slice(9, 14)]).toEqual([7, 7, 8, 9, 9]);
    expect(greyTable(look, { center: 10, width: 1 }, false)[20]).toBe(255);
  });

  it('are drawn with every second row and column when there are too many', () => {
    const target = new Uint32Array(1);
    paint(
      Uint8Array.from([5, 6, 7, 8]),
      2,
      Uint8ClampedArray.from({ length: 256 }, (_, index) => index),
      target,
      1,
      2,
    );
    expect(target[0]).toBe(0xff050505);
  });
});

describe('chunks inside the page', () => {
  beforeEach(() => {
    for (const [number, text] of ['aaaa\nbbbb', 'cccc\ndddd', 'eeee'].entries()) {
      const name = `SE0001/C0000${number}.JS`;
      document.body.append(make('script', { type: 'text/plain', 'data-chunk': name }, text));
    }
  });

  afterEach(() => document.body.replaceChildren());

  it('are read line by line', async () => {
    const chunks = new Chunks('SE0001');
    expect(await chunks.line(0, 1)).toBe('bbbb');
    expect(await chunks.line(2, 0)).toBe('eeee');
  });

  it('keep within their limit, and nothing once the series is left', async () => {
    const chunks = new Chunks('SE0001', 12);
    await chunks.line(0, 0);
    await chunks.line(1, 0);
    expect(chunks.characters).toBe(9);
    await chunks.line(2, 0);
    expect(chunks.characters).toBeLessThanOrEqual(13);
    chunks.release();
    await chunks.line(0, 0);
    expect(chunks.characters).toBe(0);
  });
});

describe('words', () => {
  const texts = {
    pl: { images_one: '{n} obraz', images_few: '{n} obrazy', images_many: '{n} obrazów' },
    en: { images_one: '{n} image', images_other: '{n} images' },
  };
  const data: Data = { language: 'pl', names: {}, texts, hospital: '', examinations: [] };

  it('have the forms of their language', () => {
    const said = new Texts(data);
    expect([1, 3, 5, 22].map((count) => said.images(count))).toEqual(['1 obraz', '3 obrazy', '5 obrazów', '22 obrazy']);
    said.language = 'en';
    expect(said.images(5)).toBe('5 images');
  });

  it('are never markup', () => {
    const built = make('p', {}, '<img src=x onerror=alert(1)>');
    expect(built.children.length).toBe(0);
    expect(built.textContent).toContain('<img');
  });
});
