import type { Api, Listed } from './api';
import { type Chosen, type Group, type Item, makeItem, personKey } from './items';
import { HEAD, sniff } from './sniff';

const AT_ONCE = 8;
const ORDER = new Intl.Collator(undefined, { numeric: true });

export interface LeftOut {
  accessories: number;
  empty: number;
  twice: number;
}

/** What is chosen, before sending: images by person, and everything else. */
export class List {
  readonly items: Item[] = [];
  readonly groups = new Map<string, Group>();
  /** On the server already: documents that the editor of scans has made. */
  ready: Listed[] = [];
  leftOut: LeftOut = { accessories: 0, empty: 0, twice: 0 };

  constructor(private readonly api: Api) {}

  get documents(): Item[] {
    return this.items.filter((item) => item.sight.kind !== 'dicom');
  }

  get bytes(): number {
    return (
      this.items.reduce((sum, item) => sum + item.file.size, 0) + this.ready.reduce((sum, file) => sum + file.size, 0)
    );
  }

  get length(): number {
    return this.items.length + this.ready.length;
  }

  get unanswered(): Group | undefined {
    return [...this.groups.values()].find((group) => needsAnswer(group) && group.answer === null);
  }

  /** Reads the head of each file; eight at a time keep a disc busy and a phone alive. */
  async add(chosen: Chosen[], step: (done: number) => void): Promise<void> {
    const known = new Set(this.items.map((item) => item.mark));
    let done = 0;
    const found = new Array<Item | null>(chosen.length).fill(null);
    chosen.sort((one, other) => ORDER.compare(one.path, other.path));
    const lane = async (first: number) => {
      for (let at = first; at < chosen.length; at += AT_ONCE) {
        const one = chosen[at];
        if (one) found[at] = await look(one);
        done += 1;
        step(done);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, (_, number) => lane(number)));
    for (const item of found) if (item) this.take(item, known);
    await this.askWhoseTheyAre();
  }

  private take(item: Item, known: Set<string>): void {
    if (item.sight.out === 'empty') this.leftOut.empty += 1;
    else if (item.sight.out) this.leftOut.accessories += 1;
    else if (known.has(item.mark)) this.leftOut.twice += 1;
    else {
      known.add(item.mark);
      this.items.push(item);
      if (item.sight.kind === 'dicom') this.group(item).items.push(item);
    }
  }

  private group(item: Item): Group {
    const key = personKey(item.sight.person);
    const person = item.sight.person;
    const made: Group = { key, person, items: [], likeness: person ? 'asking' : 'nobody', answer: null };
    const group = this.groups.get(key) ?? made;
    this.groups.set(key, group);
    return group;
  }

  /** One rule for "is this you", and it is the server's. */
  private async askWhoseTheyAre(): Promise<void> {
    const unknown = [...this.groups.values()].filter((group) => group.likeness === 'asking');
    const persons = unknown.map((group) => group.person).filter((person) => person !== null);
    if (!persons.length) return;
    const answers = await this.api.likeness(persons).catch(() => []);
    unknown.forEach((group, at) => {
      group.likeness = answers[at] ?? 'maybe';
    });
  }

  remove(gone: Item[]): void {
    const out = new Set(gone);
    this.items.splice(0, this.items.length, ...this.items.filter((item) => !out.has(item)));
    for (const group of this.groups.values()) {
      group.items = group.items.filter((item) => !out.has(item));
      if (!group.items.length) this.groups.delete(group.key);
    }
  }

  isMe(item: Item): boolean | null {
    const group = item.sight.kind === 'dicom' ? this.groups.get(personKey(item.sight.person)) : undefined;
    return group?.answer ?? null;
  }
}

export function needsAnswer(group: Group): boolean {
  return group.likeness === 'maybe' || group.likeness === 'other';
}

async function look(chosen: Chosen): Promise<Item | null> {
  try {
    const head = new Uint8Array(await chosen.file.slice(0, HEAD).arrayBuffer());
    return makeItem(chosen, sniff(head, chosen.file.name, chosen.path.includes('/')));
  } catch {
    return null; // a folder that was dropped as a file, or nothing we may read
  }
}

/** Which of the files the server waits for were chosen now: by mark, else by name and size. */
export function match(chosen: Chosen[], awaited: Listed[]): Item[] {
  const byMark = new Map(awaited.map((file) => [file.mark, file]));
  const byName = new Map(awaited.map((file) => [`${file.name}\n${file.size}`, file]));
  const used = new Set<string>();
  const items: Item[] = [];
  for (const one of chosen) {
    const item = makeItem(one, sniff(new Uint8Array(1), one.file.name, false));
    const file = byMark.get(item.mark) ?? byName.get(`${one.file.name}\n${one.file.size}`);
    if (!file || used.has(file.id)) continue;
    used.add(file.id);
    Object.assign(item, { id: file.id, upload: file.upload, offset: file.offset, sent: file.offset });
    items.push(item);
  }
  return items;
}
