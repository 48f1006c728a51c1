/** What the page tells the uploader: one JSON block, written by Django. Nothing is kept in the browser (R35). */
export interface Config {
  delivery: string;
  state: State;
  language: string;
  urls: {
    uploads: string;
    list: string;
    progress: string;
    persons: string;
    batch: string;
    receipt: string;
    remove: string;
    login: string;
  };
  limits: { files: number; bytes: number; piece: number };
  texts: Record<string, string>;
}

export type State = 'collecting' | 'closed' | 'complete' | 'incomplete' | 'refused';

export function readConfig(page: Document): Config {
  const block = page.getElementById('uploader-config');
  if (!block?.textContent) throw new Error('uploader-config is missing');
  return JSON.parse(block.textContent) as Config;
}
