import { type Person, readDicom } from './person';

export type Kind = 'dicom' | 'pdf' | 'image' | 'archive' | 'other';

/** out: why it need not be sent at all; the server would decide the same. */
export interface Sight {
  kind: Kind;
  out: '' | 'empty' | 'program' | 'accessory' | 'medium_index';
  person: Person | null;
  study: string;
  about: { modality: string; date: string; description: string };
}

export const HEAD = 64 * 1024;
const NOTHING = { modality: '', date: '', description: '' };
const DIRECTORY = '1.2.840.10008.1.3.10';
const PROGRAMS = ['MZ', '\x7fELF', 'MSCF', '#!', '\xca\xfe\xba\xbe', '\xcf\xfa\xed\xfe'];
const PICTURES = ['\xff\xd8\xff', '\x89PNG', 'II*\0', 'MM\0*', 'GIF8', 'BM'];

/** By content; a name counts for nothing but a medium's own list of contents. */
export function sniff(head: Uint8Array, name: string, inFolder: boolean): Sight {
  const start = latin(head.subarray(0, 1024));
  const plain = { person: null, study: '', about: NOTHING };
  if (!head.length) return { kind: 'other', out: 'empty', ...plain };
  if (latin(head.subarray(128, 132)) === 'DICM' || looksBare(head)) return dicom(head, name);
  if (start.includes('%PDF-')) return { kind: 'pdf', out: '', ...plain };
  if (start.startsWith('PK\x03\x04')) return { kind: 'archive', out: '', ...plain };
  if (PICTURES.some((begin) => start.startsWith(begin)) || start.slice(4, 8) === 'ftyp' || isWebp(start))
    return { kind: 'image', out: '', ...plain };
  const isProgram = PROGRAMS.some((begin) => start.startsWith(begin));
  const out = inFolder ? (isProgram ? 'program' : 'accessory') : '';
  return { kind: 'other', out, ...plain };
}

function dicom(head: Uint8Array, name: string): Sight {
  const read = readDicom(head);
  const isIndex = read.sopClass === DIRECTORY || name.toUpperCase() === 'DICOMDIR';
  return {
    kind: 'dicom',
    out: isIndex ? 'medium_index' : '',
    person: read.person,
    study: read.study,
    about: { modality: read.modality, date: read.date, description: read.description },
  };
}

/** A data set without prefix begins with a small group number: file meta, identifying or patient. */
function looksBare(head: Uint8Array): boolean {
  const group = (head[0] ?? 0) | ((head[1] ?? 0) << 8);
  if (group !== 0x0008 && group !== 0x0002) return false;
  const element = (head[2] ?? 0) | ((head[3] ?? 0) << 8);
  const vr = latin(head.subarray(4, 6));
  return element <= 0x0018 && (/^[A-Z]{2}$/.test(vr) || (head[6] === 0 && head[7] === 0));
}

function isWebp(start: string): boolean {
  return start.startsWith('RIFF') && start.slice(8, 12) === 'WEBP';
}

function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
