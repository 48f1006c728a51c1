/** What DATA.JS brings; written by klisza/exports/offline/page.py. */
export interface Look {
  form: 'grey' | 'colour' | 'jpeg' | 'nothing';
  rows: number;
  columns: number;
  /** Height of a pixel divided by its width. */
  aspect: number;
  /** Image Orientation (Patient). */
  plane: number[] | null;
  /** Patient Orientation: names of the sides that rows and columns run to. */
  sides: [string, string] | null;
  // Only of grey pictures:
  bits: 8 | 16;
  signed: boolean;
  slope: number;
  intercept: number;
  center: number;
  width: number;
  curve: string;
  /** MONOCHROME1: low values are white. */
  inverse: boolean;
  /** VOI LUT: 8-bit greys in base64 from the modality value `first` on. */
  table: { first: number; greys: string } | null;
}

export interface Series {
  folder: string;
  title: string;
  modality: string;
  bodyPart: string;
  /** Milliseconds of a frame of a moving picture; 0 = still images. */
  frameTime: number;
  thumbnail: string;
  looks: Look[];
  /** For each image the number of its look. */
  images: number[];
  /** Frames of each object, where objects hold several. */
  clips: number[];
  /** Frames in each chunk file. */
  chunks: number[];
}

export interface Report {
  title: string;
  date: string;
  pages: string[];
  alternatives: string[];
  parts: { heading: string; paragraphs: string[] }[];
  elsewhere: boolean;
}

export interface Examination {
  titles: Record<string, string>;
  date: string;
  person: string;
  born: string;
  series: Series[];
  reports: Report[];
}

export interface Data {
  language: string;
  names: Record<string, string>;
  texts: Record<string, Record<string, string>>;
  hospital: string;
  examinations: Examination[];
}

export function chunkName(number: number): string {
  return `C${String(number).padStart(5, '0')}.JS`;
}

/** Image -> its chunk and its line there. */
export function place(chunks: readonly number[], image: number): { chunk: number; line: number } {
  let line = image;
  for (const [chunk, frames] of chunks.entries()) {
    if (line < frames) return { chunk, line };
    line -= frames;
  }
  throw new RangeError('no such image');
}

/** First image and number of images of the clip that an image belongs to; the whole series where there are none. */
export function clipOf(series: Series, image: number): { first: number; count: number } {
  let first = 0;
  for (const count of series.clips) {
    if (image < first + count) return { first, count };
    first += count;
  }
  return { first: 0, count: series.images.length };
}
