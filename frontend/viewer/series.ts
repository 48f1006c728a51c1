import { wadors } from '@cornerstonejs/dicom-image-loader';
import type { SeriesCard } from './config';
import { LoadFailed } from './errors';
import type { Fetcher } from './fetcher';
import { SCHEME } from './loader';

/** One instance in the DICOM JSON model (PS3.18 F.2): tag -> { vr, Value }. */
export type Instance = Record<string, { vr?: string; Value?: unknown[] } | undefined>;

export const TAG = {
  modality: '00080060',
  recommendedRate: '00082144',
  bodyPart: '00180015',
  cineRate: '00180040',
  frameTime: '00181063',
  imagerSpacing: '00181164',
  usRegions: '00186011',
  sopInstanceUid: '00080018',
  patientOrientation: '00200020',
  imageOrientation: '00200037',
  frames: '00280008',
  rows: '00280010',
  columns: '00280011',
  pixelSpacing: '00280030',
  sharedGroups: '52009229',
} as const;

export function values(instance: Instance, tag: string): unknown[] {
  return instance[tag]?.Value ?? [];
}

export function numberOf(instance: Instance, tag: string): number | undefined {
  const value = values(instance, tag)[0];
  return value === undefined || value === null || Number.isNaN(Number(value)) ? undefined : Number(value);
}

export function textOf(instance: Instance, tag: string): string {
  const value = values(instance, tag)[0];
  return typeof value === 'string' ? value : '';
}

/** How distances in this series may be told: in the patient, at the detector, or not at all. */
export type Spacing = 'known' | 'detector' | 'unknown';

export interface LoadedSeries {
  card: SeriesCard;
  imageIds: string[];
  /** One per image id: the instance it belongs to. */
  instances: Instance[];
  /** Milliseconds between frames of a moving picture; 0 = a stack of single images. */
  frameTime: number;
  spacing: Spacing;
}

export function imageIdsOf(card: SeriesCard, instances: Instance[]): { imageIds: string[]; owners: Instance[] } {
  const imageIds: string[] = [];
  const owners: Instance[] = [];
  for (const instance of instances) {
    const uid = textOf(instance, TAG.sopInstanceUid);
    if (!uid || !numberOf(instance, TAG.rows)) continue; // reports and the like have no picture
    const path = `${SCHEME}:studies/${card.study}/series/${card.series}/instances/${uid}/frames/`;
    const frames = Math.max(1, numberOf(instance, TAG.frames) ?? 1);
    for (let frame = 1; frame <= frames; frame += 1) {
      imageIds.push(`${path}${frame}`);
      owners.push(instance);
    }
  }
  return { imageIds, owners };
}

const isSpacing = (found: unknown[]) => found.length === 2 && found.every((value) => Number(value) > 0);

export function spacingOf(instance: Instance): Spacing {
  if (isSpacing(values(instance, TAG.pixelSpacing)) || instance[TAG.sharedGroups] || instance[TAG.usRegions]) {
    return 'known';
  }
  return isSpacing(values(instance, TAG.imagerSpacing)) ? 'detector' : 'unknown';
}

/** Some devices write a spacing of 0\0 or an empty one: taken at its word the picture vanishes. */
export function withoutNonsense(instance: Instance): Instance {
  const { [TAG.pixelSpacing]: spacing, ...rest } = instance;
  return spacing && isSpacing(spacing.Value ?? []) ? instance : rest;
}

/** The card's time of a film; else what a volume or a study of function records (PS3.3 C.7.6.5); 0 = it does not move. */
export function frameTimeOf(card: SeriesCard, instance: Instance): number {
  if ((numberOf(instance, TAG.frames) ?? 1) < 2) return 0;
  const rate = numberOf(instance, TAG.cineRate) ?? numberOf(instance, TAG.recommendedRate);
  return card.frameTime || numberOf(instance, TAG.frameTime) || (rate ? 1000 / rate : 0);
}

const LONG_STACK = 10;

/** A long stack opens in its middle, where the server's preview was made: its ends often show nothing but air. */
export function openingIndex(series: LoadedSeries): number {
  const count = series.imageIds.length;
  return series.frameTime === 0 && count >= LONG_STACK ? Math.floor(count / 2) : 0;
}

/** Projection images carry their spacing at the detector only; the measuring tools look for the patient's. */
function lendDetectorSpacing(instance: Instance): void {
  const spacing = instance[TAG.imagerSpacing];
  if (spacingOf(instance) === 'detector' && spacing) instance[TAG.pixelSpacing] = spacing;
}

export async function loadSeries(card: SeriesCard, fetcher: Fetcher): Promise<LoadedSeries> {
  const response = await fetcher.fetch(`studies/${card.study}/series/${card.series}/metadata`);
  const { imageIds, owners } = imageIdsOf(card, ((await response.json()) as Instance[]).map(withoutNonsense));
  const first = owners[0];
  if (!first) throw new LoadFailed('decode');
  const series = { card, imageIds, instances: owners, frameTime: frameTimeOf(card, first), spacing: spacingOf(first) };
  owners.forEach((instance, index) => {
    lendDetectorSpacing(instance);
    wadors.metaDataManager.add(imageIds[index] as string, instance as never);
  });
  return series;
}
