import { type Api, Failed } from './api';
import type { Item } from './items';

/** What the page shows about the line. */
export type Line = 'good' | 'offline' | 'busy' | 'login' | 'refused';

export interface Hooks {
  changed(): void;
  line(state: Line): void;
}

const LANES = 3;
const SMALL = 1024 * 1024;
const FILES_AT_ONCE = 300;
const FIRST_PIECE = 2 * 1024 * 1024;
const LEAST_PIECE = 256 * 1024;
const SECONDS_OF_A_PIECE = 5;
const LONGEST_PAUSE = 15_000;

type Job = { items: Item[]; whole: boolean };

/**
 * Sends what is on the list: small files many at a time, large ones piece by piece (tus). Whatever goes wrong with the
 * line is tried again for ever; the server's own list says where to go on.
 */
export class Sender {
  private readonly queue: Item[];
  private piece: number;
  private waiting: Promise<void> | null = null;
  private goOn: (() => void) | null = null;
  private stopped = false;

  constructor(
    private readonly api: Api,
    readonly items: Item[],
    private readonly most: number,
    private readonly hooks: Hooks,
  ) {
    this.piece = Math.min(FIRST_PIECE, most);
    this.queue = items.filter((item) => item.state === 'waiting');
  }

  get sent(): number {
    return this.items.reduce((sum, item) => sum + (item.state === 'arrived' ? item.file.size : item.sent), 0);
  }

  /** Resolves when every file has arrived or cannot be read any more. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: LANES }, () => this.lane()));
  }

  /** After a new login, or when the line is said to be back. */
  resume(): void {
    this.goOn?.();
  }

  private async lane(): Promise<void> {
    for (let job = this.next(); job && !this.stopped; job = this.next()) {
      for (const item of job.items) item.state = 'sending';
      await this.insist(job);
    }
  }

  /** A large file, or as many small ones as fit into a piece. */
  private next(): Job | null {
    const first = this.queue.shift();
    if (!first) return null;
    if (first.file.size > SMALL) return { items: [first], whole: false };
    const items = [first];
    let size = first.file.size;
    for (let at = 0; at < this.queue.length && items.length < FILES_AT_ONCE; ) {
      const item = this.queue[at];
      if (!item || size + item.file.size > this.piece) break;
      if (item.file.size > SMALL) {
        at += 1;
        continue;
      }
      items.push(item);
      size += item.file.size;
      this.queue.splice(at, 1);
    }
    return { items, whole: true };
  }

  private async insist(job: Job): Promise<void> {
    for (let tries = 0; !this.stopped; tries += 1) {
      job.items = job.items.filter((item) => item.state === 'sending');
      if (!job.items.length) return;
      try {
        if (tries) await this.catchUp(job.items);
        if (job.whole) await this.batch(job.items);
        else if (job.items[0] && job.items[0].state === 'sending') await this.large(job.items[0]);
        this.hooks.line('good');
        this.goOn?.(); // who waits for a login may try again: this lane got through
      } catch (fault) {
        await this.endure(fault, job, tries);
      }
    }
  }

  private async endure(fault: unknown, job: Job, tries: number): Promise<void> {
    for (const item of job.items) item.sent = item.offset;
    if (!(fault instanceof Failed)) {
      // The file itself: taken out of the drive, changed, or not ours to read any more.
      await this.findUnreadable(job.items);
      return;
    }
    if (fault.status === 401 || fault.status === 403) return this.stand('login');
    this.piece = Math.max(LEAST_PIECE, this.piece / 2);
    this.hooks.line(fault.status ? 'busy' : 'offline');
    await this.rest(Math.min(LONGEST_PAUSE, 500 * 2 ** tries));
  }

  private async findUnreadable(items: Item[]): Promise<void> {
    for (const item of items) {
      try {
        await item.file.slice(0, 1).arrayBuffer();
      } catch {
        item.state = 'failed';
      }
    }
    if (items.every((item) => item.state !== 'failed')) await this.rest(1000);
    this.hooks.changed();
  }

  /** All lanes wait for the person. */
  private stand(why: Line): Promise<void> {
    this.hooks.line(why);
    this.waiting ??= new Promise((done) => {
      this.goOn = () => {
        this.waiting = this.goOn = null;
        done();
      };
    });
    return this.waiting;
  }

  private rest(milliseconds: number): Promise<void> {
    return new Promise((done) => {
      setTimeout(done, milliseconds);
      window.addEventListener('online', () => done(), { once: true });
    });
  }

  /** Asks the server what it has of these. */
  private async catchUp(items: Item[]): Promise<void> {
    const standing = await this.api.standing();
    if (standing.state === 'refused') {
      this.stopped = true;
      this.hooks.line('refused');
      return;
    }
    const known = new Map(standing.files.map((file) => [file.id, file]));
    for (const item of items) {
      const file = known.get(item.id);
      if (!file) item.state = 'failed';
      else if (file.state !== 'waiting') this.arrived(item);
      else [item.upload, item.offset, item.sent] = [file.upload, file.offset, file.offset];
    }
  }

  private async batch(items: Item[]): Promise<void> {
    const began = performance.now();
    const parts = await Promise.all(items.map(async (item) => new Uint8Array(await item.file.arrayBuffer())));
    const sums = await Promise.all(parts.map((part) => sha256(part)));
    const list = new TextEncoder().encode(
      JSON.stringify(items.map((item, at) => [item.id, parts[at]?.length ?? 0, sums[at] ?? ''])),
    );
    const length = new DataView(new ArrayBuffer(4));
    length.setUint32(0, list.length);
    const body = new Blob([length, list, ...parts] as BlobPart[]);
    const answers = await this.api.batch(body, (bytes) => this.share(items, bytes - list.length));
    for (const item of items) {
      const said = answers[item.id];
      if (said === 'arrived') this.arrived(item);
      else if (said === 'unknown')
        item.state = 'failed'; // its size has changed since it was listed
      else item.sent = 0;
    }
    this.measure(body.size, performance.now() - began);
    this.hooks.changed();
  }

  /** Bytes that have left, over the files in their order. */
  private share(items: Item[], bytes: number): void {
    let left = Math.max(0, bytes);
    for (const item of items) {
      item.sent = Math.min(item.file.size, left);
      left -= item.sent;
    }
    this.hooks.changed();
  }

  private async large(item: Item): Promise<void> {
    if (!item.upload) await this.open(item);
    while (item.offset < item.file.size) {
      const began = performance.now();
      const piece = item.file.slice(item.offset, item.offset + this.piece);
      const data = new Uint8Array(await piece.arrayBuffer());
      const sum = await sha256(data);
      const headers: Record<string, string> = {
        'Content-Type': 'application/offset+octet-stream',
        'Upload-Offset': String(item.offset),
      };
      if (sum) headers['Upload-Checksum'] = `sha256 ${base64(sum)}`;
      const answer = await this.api.tus('PATCH', item.upload, headers, new Blob([data]), (bytes) => {
        item.sent = item.offset + Math.min(bytes, data.length);
        this.hooks.changed();
      });
      item.offset = Number(answer.header('Upload-Offset'));
      item.sent = item.offset;
      this.measure(data.length, performance.now() - began);
      this.hooks.changed();
    }
    this.arrived(item);
  }

  private async open(item: Item): Promise<void> {
    const metadata = { 'Upload-Length': String(item.file.size), 'Upload-Metadata': `file ${btoa(item.id)}` };
    const answer = await this.api.tus('POST', this.api.uploads, metadata);
    item.upload = answer.header('Location');
    item.offset = Number(answer.header('Upload-Offset'));
  }

  private arrived(item: Item): void {
    item.state = 'arrived';
    item.sent = item.offset = item.file.size;
  }

  /** Pieces of about five seconds: small enough for a slow line, never more than the server lets be lost. */
  private measure(bytes: number, milliseconds: number): void {
    if (bytes < LEAST_PIECE / 2) return;
    const wished = (bytes / Math.max(1, milliseconds)) * 1000 * SECONDS_OF_A_PIECE;
    this.piece = Math.max(LEAST_PIECE, Math.min(this.most, wished, this.piece * 2));
  }
}

/** Empty where the browser has no cryptography (a page without TLS): the server then compares sizes only. */
async function sha256(data: Uint8Array<ArrayBuffer>): Promise<string> {
  if (!globalThis.crypto?.subtle) return '';
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function base64(hex: string): string {
  return btoa(String.fromCharCode(...(hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))));
}
