import { describe, expect, it, vi } from 'vitest';

vi.mock('@cornerstonejs/dicom-image-loader', () => ({
  wadors: { metaDataManager: { add: vi.fn() } },
  createImage: vi.fn(),
}));
vi.mock('@cornerstonejs/core', () => ({ cache: {}, imageLoader: {} }));

import type { SeriesCard } from '../viewer/config';
import { transferSyntaxOf } from '../viewer/loader';
import { frameTimeOf, type Instance, imageIdsOf, openingIndex, spacingOf, withoutNonsense } from '../viewer/series';

const CARD: SeriesCard = {
  study: '2.25.1',
  series: '2.25.2',
  title: 'Seria 1',
  modality: 'CT',
  imageCount: 1,
  showable: true,
  hasPreview: true,
  frameTime: 0,
};

const instance = (tags: Record<string, unknown[]>): Instance =>
  Object.fromEntries(Object.entries(tags).map(([tag, Value]) => [tag, { Value }]));
const picture = (uid: string, more: Record<string, unknown[]> = {}) =>
  instance({ '00080018': [uid], '00280010': [512], ...more });

describe('image ids', () => {
  it('do not carry the ticket', () => {
    const { imageIds } = imageIdsOf(CARD, [picture('2.25.3')]);
    expect(imageIds).toEqual(['klisza:studies/2.25.1/series/2.25.2/instances/2.25.3/frames/1']);
  });

  it('stand for every frame', () => {
    const { imageIds, owners } = imageIdsOf(CARD, [picture('2.25.3', { '00280008': [3] }), picture('2.25.4')]);
    expect(imageIds.map((id) => id.split('/').slice(-3).join('/'))).toEqual([
      '2.25.3/frames/1',
      '2.25.3/frames/2',
      '2.25.3/frames/3',
      '2.25.4/frames/1',
    ]);
    expect(owners).toHaveLength(4);
  });

  it('leave out what has no picture', () => {
    expect(imageIdsOf(CARD, [instance({ '00080018': ['2.25.3'] })]).imageIds).toEqual([]);
  });
});

describe('spacing', () => {
  it('is known, at the detector, or unknown', () => {
    expect(spacingOf(instance({ '00280030': [0.5, 0.5] }))).toBe('known');
    expect(spacingOf(instance({ '00181164': [0.1, 0.1] }))).toBe('detector');
    expect(spacingOf(instance({}))).toBe('unknown');
  });

  it('of zero counts as none', () => {
    const repaired = withoutNonsense(instance({ '00280030': [0, 0], '00280010': [10] }));
    expect(repaired['00280030']).toBeUndefined();
    expect(repaired['00280010']).toBeDefined();
  });
});

describe('frame time', () => {
  it('is the recorded one', () => {
    expect(frameTimeOf(CARD, picture('1', { '00280008': [8], '00181063': [40] }))).toBe(40);
    expect(frameTimeOf(CARD, picture('1', { '00280008': [8], '00180040': [25] }))).toBe(40);
  });

  it('is zero for single pictures', () => {
    expect(frameTimeOf({ ...CARD, frameTime: 66 }, picture('1'))).toBe(0);
  });
});

describe('the image that opens', () => {
  const series = (count: number, frameTime = 0) => ({
    card: CARD,
    imageIds: Array.from({ length: count }, String),
    instances: [],
    frameTime,
    spacing: 'known' as const,
  });

  it('is the middle of a long stack', () => expect(openingIndex(series(58))).toBe(29));
  it('is the first of a few pictures', () => expect(openingIndex(series(4))).toBe(0));
  it('is the first of a film', () => expect(openingIndex(series(120, 66))).toBe(0));
});

describe('transfer syntax', () => {
  it('is read from the content type', () => {
    const type = 'application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.80';
    expect(transferSyntaxOf(type)).toBe('1.2.840.10008.1.2.4.80');
    expect(transferSyntaxOf('x/y; transfer-syntax="1.2.840.10008.1.2.5"')).toBe('1.2.840.10008.1.2.5');
  });

  it('is implicit little endian when unnamed', () => expect(transferSyntaxOf(null)).toBe('1.2.840.10008.1.2'));
});
