import type { Person } from './person';
import type { Sight } from './sniff';

/** sent: bytes that the server has said are safe, or that are on their way right now. */
export interface Item {
  file: File;
  path: string;
  sight: Sight;
  title: string;
  description: string;
  mark: string;
  id: string;
  upload: string;
  offset: number;
  sent: number;
  state: 'waiting' | 'sending' | 'arrived' | 'failed';
}

export interface Chosen {
  file: File;
  path: string;
}

export function makeItem(chosen: Chosen, sight: Sight): Item {
  const { file, path } = chosen;
  const blank = { title: '', description: '', id: '', upload: '', offset: 0, sent: 0 };
  return { file, path, sight, mark: markOf(path, file.size), state: 'waiting', ...blank };
}

/** The same file chosen again has the same mark: a sum of path and size, no secret (two rounds of cyrb53). */
export function markOf(path: string, size: number): string {
  const text = `${path.normalize('NFC')}\n${size}`;
  return sum(text, 1) + sum(text, 2);
}

function sum(text: string, seed: number): string {
  let one = 0xdeadbeef ^ seed;
  let two = 0x41c6ce57 ^ seed;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    one = Math.imul(one ^ code, 2654435761);
    two = Math.imul(two ^ code, 1597334677);
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(two ^ (two >>> 13), 3266489909);
  two = Math.imul(two ^ (two >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return [two, one].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

/** Images of one person; "" for images that name nobody. */
export interface Group {
  key: string;
  person: Person | null;
  items: Item[];
  likeness: 'same' | 'maybe' | 'other' | 'nobody' | 'asking';
  answer: boolean | null;
}

export function personKey(person: Person | null): string {
  return person ? `${person.family}\n${person.given}\n${person.birth_date}` : '';
}
