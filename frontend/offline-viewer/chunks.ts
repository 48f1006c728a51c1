import { chunkName } from './data';

/**
 * Chunk files of the series on the screen. A page from file: may read its neighbours as scripts only, so each file
 * calls KLISZA_CHUNK. Only as much text is kept as MOST_CHARACTERS allows; what is needed again is loaded again.
 */
const MOST_CHARACTERS = 48_000_000;

declare global {
  interface Window {
    KLISZA_CHUNK?: (text: string) => void;
  }
}

export class ChunkMissing extends Error {}

interface Held {
  lines: string[];
  size: number;
}

export class Chunks {
  /** Oldest use first. */
  private readonly held = new Map<number, Held>();
  private readonly waiting = new Map<number, Promise<Held>>();
  private closed = false;

  constructor(
    private readonly folder: string,
    private readonly most = MOST_CHARACTERS,
  ) {}

  /** Raises ChunkMissing. */
  async line(chunk: number, line: number): Promise<string> {
    const held = this.held.get(chunk) ?? (await this.load(chunk));
    this.held.delete(chunk);
    if (!this.closed) this.held.set(chunk, held);
    this.trim(chunk);
    return held.lines[line] ?? '';
  }

  /** The series is left: nothing of it stays. */
  release(): void {
    this.closed = true;
    this.held.clear();
  }

  get characters(): number {
    return [...this.held.values()].reduce((sum, one) => sum + one.size, 0);
  }

  private load(chunk: number): Promise<Held> {
    const running = this.waiting.get(chunk);
    if (running) return running;
    const loading = this.text(chunk)
      .then((text) => ({ lines: text.split('\n'), size: text.length }))
      .finally(() => this.waiting.delete(chunk));
    this.waiting.set(chunk, loading);
    return loading;
  }

  private trim(latest: number): void {
    for (const [chunk, { size }] of this.held) {
      if (this.characters <= this.most || chunk === latest) return;
      if (size > 0) this.held.delete(chunk);
    }
  }

  private text(chunk: number): Promise<string> {
    const name = `${this.folder}/${chunkName(chunk)}`;
    const inside = document.querySelector(`script[data-chunk="${name}"]`);
    if (inside) return Promise.resolve(inside.textContent ?? '');
    return new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = `VIEWER/${name}`;
      script.onload = () => {
        script.remove();
        const text = arrived.get(script);
        if (text === undefined) reject(new ChunkMissing(name));
        else resolve(text);
      };
      script.onerror = () => {
        script.remove();
        reject(new ChunkMissing(name));
      };
      document.head.append(script);
    });
  }
}

/** What each script brought, until it is taken. */
const arrived = new WeakMap<Element, string>();

export function receiveChunks(): void {
  window.KLISZA_CHUNK = (text) => {
    if (document.currentScript) arrived.set(document.currentScript, text);
  };
}
