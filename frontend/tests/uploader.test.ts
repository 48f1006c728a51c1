import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Api, Failed, type Listed } from '../islands/uploader/api';
import { endings } from '../islands/uploader/ending';
import { type Item, makeItem, markOf } from '../islands/uploader/items';
import { List, match, needsAnswer } from '../islands/uploader/list';
import { personOf, readDicom } from '../islands/uploader/person';
import { Sender } from '../islands/uploader/sender';
import { sniff } from '../islands/uploader/sniff';
import { Words } from '../islands/uploader/words';

const bytes = (text: string) => Uint8Array.from(text, (sign) => sign.charCodeAt(0));
const file = (name: string, content: string | Uint8Array<ArrayBuffer>) => new File([content], name);

/** One explicit element; the value padded to an even length. */
function element(group: number, number: number, vr: string, value: Uint8Array): number[] {
  const padded = value.length % 2 ? [...value, vr === 'UI' ? 0 : 32] : [...value];
  const head = [
    group & 255,
    group >> 8,
    number & 255,
    number >> 8,
    ...bytes(vr),
    padded.length & 255,
    padded.length >> 8,
  ];
  return [...head, ...padded];
}

function dicom(name: Uint8Array, charset = 'ISO_IR 101', prefix = true): Uint8Array<ArrayBuffer> {
  const meta = prefix
    ? [...new Uint8Array(128), ...bytes('DICM'), ...element(2, 0x10, 'UI', bytes('1.2.840.10008.1.2.1'))]
    : [];
  return Uint8Array.from([
    ...meta,
    ...element(8, 0x05, 'CS', bytes(charset)),
    ...element(8, 0x16, 'UI', bytes('1.2.840.10008.5.1.4.1.1.2')),
    ...element(8, 0x20, 'DA', bytes('20240131')),
    ...element(8, 0x60, 'CS', bytes('CT')),
    ...element(0x10, 0x10, 'PN', name),
    ...element(0x10, 0x30, 'DA', bytes('19600229')),
    ...element(0x20, 0x0d, 'UI', bytes('1.2.3')),
    ...element(0x20, 0x0e, 'UI', bytes('1.2.3.4')),
  ]);
}

describe('persons in files', () => {
  it('decodes Polish letters by the character set', () => {
    const latin2 = Uint8Array.from([0xa3, 0x61, 0x63, 0x6b, 0x61, 0x5e, 0xaf, 0x61, 0x6e, 0x65, 0x74, 0x61]);
    expect(readDicom(dicom(latin2)).person).toEqual({ family: 'Łacka', given: 'Żaneta', birth_date: '1960-02-29' });
  });

  it('decodes UTF-8', () => {
    const name = new TextEncoder().encode('Wójcik^Łucja=x=y');
    expect(readDicom(dicom(name, 'ISO_IR 192')).person?.family).toBe('Wójcik');
    expect(readDicom(dicom(name, 'ISO_IR 192')).person?.given).toBe('Łucja');
  });

  it('reads a data set without preamble', () => {
    const read = readDicom(dicom(bytes('Nowak^Jan'), 'ISO_IR 100', false));
    expect(read.person?.family).toBe('Nowak');
    expect(read).toMatchObject({ study: '1.2.3', modality: 'CT', date: '2024-01-31' });
  });

  it('never throws', () => {
    expect(readDicom(dicom(bytes('Nowak^Jan')).subarray(0, 150)).person).toBeNull();
    expect(readDicom(new Uint8Array(10)).person).toBeNull();
  });

  it('knows the parts of a name', () => {
    expect(personOf('Nowak^Anna^Maria^^dr', '')).toEqual({ family: 'Nowak', given: 'Anna Maria', birth_date: '' });
    expect(personOf('^', '')).toBeNull();
  });
});

describe('kinds', () => {
  it.each([
    ['%PDF-1.4', 'a.pdf', false, 'pdf', ''],
    ['PK\x03\x04', 'a.zip', false, 'archive', ''],
    ['\xff\xd8\xff\xe0', 'a.jpg', true, 'image', ''],
    ['\0\0\0\x18ftypheic', 'a.heic', false, 'image', ''],
    ['MZ', 'viewer.exe', true, 'other', 'program'],
    ['[autorun]', 'autorun.inf', true, 'other', 'accessory'],
    ['hello', 'note.txt', false, 'other', ''],
    ['', 'nothing', true, 'other', 'empty'],
  ])('%j as %s', (content, name, inFolder, kind, out) => {
    expect(sniff(bytes(content), name, inFolder)).toMatchObject({ kind, out });
  });

  it('leaves the index of a medium out', () => {
    expect(sniff(dicom(bytes('Nowak^Jan')), 'DICOMDIR', true).out).toBe('medium_index');
  });
});

describe('the list', () => {
  const api = (answers: string[]) => ({ likeness: vi.fn(async () => answers) }) as unknown as Api;
  const disc = [
    { file: file('IM1', dicom(bytes('Kowalczyk^Anna'))), path: 'CD/IM1' },
    { file: file('IM2', dicom(bytes('Nowak^Jan'))), path: 'CD/IM2' },
    { file: file('IM1', dicom(bytes('Kowalczyk^Anna'))), path: 'CD/IM1' },
    { file: file('viewer.exe', 'MZ'), path: 'CD/viewer.exe' },
    { file: file('opis.pdf', '%PDF-1.4'), path: 'CD/opis.pdf' },
  ];

  it('splits two persons and counts what is left out', async () => {
    const list = new List(api(['same', 'other']));
    await list.add(disc, () => undefined);
    expect([...list.groups.values()].map((group) => group.likeness)).toEqual(['same', 'other']);
    expect(list.leftOut).toEqual({ accessories: 1, empty: 0, twice: 1 });
    expect(list.documents.map((item) => item.path)).toEqual(['CD/opis.pdf']);
    expect(list.unanswered && needsAnswer(list.unanswered)).toBe(true);
  });

  it('forgets a person who is somebody else', async () => {
    const list = new List(api(['same', 'other']));
    await list.add(disc, () => undefined);
    list.remove(list.unanswered?.items ?? []);
    expect(list.groups.size).toBe(1);
    expect(list.unanswered).toBeUndefined();
    expect(list.length).toBe(2);
  });

  it('finds the same files again', () => {
    const awaited = [
      { id: 'one', mark: markOf('CD/IM1', disc[0]?.file.size ?? 0), name: 'IM1', size: 0, upload: '/u', offset: 5 },
      { id: 'two', mark: 'x', name: 'opis.pdf', size: 8, upload: '', offset: 0 },
    ] as Listed[];
    const found = match(disc, awaited);
    expect(found.map((item) => [item.id, item.offset])).toEqual([
      ['one', 5],
      ['two', 0],
    ]);
  });
});

describe('sending', () => {
  afterEach(() => vi.useRealTimers());
  const item = (id: string, size: number): Item => {
    const sight = sniff(bytes('x'), id, false);
    return { ...makeItem({ file: file(id, new Uint8Array(size)), path: id }, sight), id };
  };
  const hooks = { changed: () => undefined, line: vi.fn() };
  const header = (values: Record<string, string>) => ({
    status: 200,
    body: '',
    header: (name: string) => values[name] ?? '',
  });

  it('puts small files into one request', async () => {
    const batch = vi.fn(async (_body: Blob) => Object.fromEntries(items.map((one) => [one.id, 'arrived'])));
    const items = Array.from({ length: 200 }, (_, number) => item(`f${number}`, 1000));
    await new Sender({ batch } as unknown as Api, items, 8 * 1024 * 1024, hooks).run();
    expect(batch).toHaveBeenCalledTimes(1);
    expect(items.every((one) => one.state === 'arrived')).toBe(true);
  });

  it('sends a large one piece by piece and goes on after a cut', async () => {
    const large = item('large', 5 * 1024 * 1024);
    const sent: number[] = [];
    let cut = true;
    const tus = vi.fn(async (method: string, _url: string, headers: Record<string, string>, body?: Blob) => {
      if (method === 'POST') return header({ Location: '/uploads/k', 'Upload-Offset': '0' });
      const offset = Number(headers['Upload-Offset']);
      if (offset > 0 && cut) {
        cut = false;
        throw new Failed(0);
      }
      sent.push(offset);
      return header({ 'Upload-Offset': String(offset + (body?.size ?? 0)) });
    });
    const standing = vi.fn(async () => ({
      state: 'closed',
      files: [{ id: 'large', state: 'waiting', upload: '/uploads/k', offset: 2 * 1024 * 1024 }],
    }));
    const api = { tus, standing, uploads: '/uploads/' } as unknown as Api;
    await new Sender(api, [large], 8 * 1024 * 1024, hooks).run();
    expect(sent.slice(0, 2)).toEqual([0, 2 * 1024 * 1024]);
    expect(large.state).toBe('arrived');
    expect(standing).toHaveBeenCalledTimes(1);
  });

  it('waits for a new login', async () => {
    const one = item('one', 10);
    let inside = false;
    const batch = vi.fn(async () => {
      if (!inside) throw new Failed(401);
      return { one: 'arrived' };
    });
    const standing = async () => ({ state: 'closed', files: [{ id: 'one', state: 'waiting', upload: '', offset: 0 }] });
    const line = vi.fn();
    const sender = new Sender({ batch, standing } as unknown as Api, [one], 8192, { ...hooks, line });
    const done = sender.run();
    await vi.waitFor(() => expect(line).toHaveBeenCalledWith('login'));
    inside = true;
    sender.resume();
    await done;
    expect(one.state).toBe('arrived');
  });
});

describe('words', () => {
  it('counts in Polish', () => {
    const known = { files_one: '{n} plik', files_few: '{n} pliki', files_many: '{n} plików' };
    const words = new Words(known, 'pl');
    expect([1, 3, 12].map((n) => words.count('files', n))).toEqual(['1 plik', '3 pliki', '12 plików']);
    expect(words.bytes(1536)).toContain('1,5');
    expect(words.date('2024-01-31')).toBe('31.01.2024');
  });
});

describe('the two buttons that end a questionnaire', () => {
  it('cannot be pressed while files are still being read', () => {
    document.body.innerHTML =
      '<button name="ending" value="upload"></button><button name="ending" value="without"></button>';
    const disabled = () => [...document.querySelectorAll('button')].map((button) => button.disabled);
    const ending = endings(async () => undefined);
    ending.show(0);
    expect(disabled()).toEqual([true, false]);
    ending.hold();
    expect(disabled()).toEqual([true, true]);
    ending.show(3);
    expect(disabled()).toEqual([false, true]);
  });
});
