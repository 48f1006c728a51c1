/** What the page tells the viewer: one JSON block, written by Django. The viewer reads no address and no query. */
export interface SeriesCard {
  /** Opaque UIDs: they name nothing outside this portal. */
  study: string;
  series: string;
  title: string;
  modality: string;
  imageCount: number;
  showable: boolean;
  /** The server has a small picture of it. */
  hasPreview: boolean;
  /** Recorded milliseconds between two frames; 0 = not a moving picture. */
  frameTime: number;
}

export interface Config {
  /** Address under which images answer as long as the ticket lives; changes with each renewal. */
  base: string;
  /** Seconds between two renewals. */
  renewEvery: number;
  ticketUrl: string;
  csrfToken: string;
  language: string;
  date: string;
  /** Draw without WebGL, as on a machine that has none. */
  cpu: boolean;
  /** Number of the series that opens. */
  first: number;
  series: SeriesCard[];
  texts: Record<string, string>;
}

export function readConfig(page: Document): Config {
  const block = page.getElementById('viewer-config');
  if (!block?.textContent) throw new Error('viewer-config is missing');
  return JSON.parse(block.textContent) as Config;
}
