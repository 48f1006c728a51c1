import { Chunks } from './chunks';
import { type Look, place, type Series } from './data';
import { decode, type Frame } from './frame';

/** Decoded pictures of one series, the latest used ones within a limit of memory. */
export class Pictures {
  private readonly chunks: Chunks;
  private readonly held = new Map<number, Frame>();
  private readonly waiting = new Map<number, Promise<Frame>>();
  private bytes = 0;
  private released = false;

  constructor(
    readonly series: Series,
    private readonly most: number,
  ) {
    this.chunks = new Chunks(series.folder);
  }

  look(image: number): Look {
    return this.series.looks[this.series.images[image] as number] as Look;
  }

  has(image: number): boolean {
    return this.held.has(image);
  }

  /** Raises Unshowable, ChunkMissing, and what the browser's decoders raise. */
  get(image: number): Promise<Frame> {
    const held = this.held.get(image);
    if (held) {
      this.held.delete(image);
      this.held.set(image, held);
      return Promise.resolve(held);
    }
    const running = this.waiting.get(image);
    if (running) return running;
    const loading = this.load(image).finally(() => this.waiting.delete(image));
    this.waiting.set(image, loading);
    return loading;
  }

  /** Decode these if there is time; what fails will say so when it is shown. */
  prefetch(images: number[]): void {
    for (const image of images) {
      if (image >= 0 && image < this.series.images.length && !this.held.has(image)) this.get(image).catch(() => {});
    }
  }

  release(): void {
    this.released = true;
    this.chunks.release();
    for (const frame of this.held.values()) close(frame);
    this.held.clear();
    this.bytes = 0;
  }

  private async load(image: number): Promise<Frame> {
    const { chunk, line } = place(this.series.chunks, image);
    const frame = await decode(this.look(image), await this.chunks.line(chunk, line));
    if (this.released) return frame;
    this.held.set(image, frame);
    this.bytes += frame.bytes;
    this.trim(image);
    return frame;
  }

  private trim(latest: number): void {
    for (const [image, frame] of this.held) {
      if (this.bytes <= this.most || image === latest) return;
      this.held.delete(image);
      this.bytes -= frame.bytes;
      close(frame);
    }
  }
}

function close(frame: Frame): void {
  if (frame.kind === 'bitmap') frame.bitmap.close();
}
