import dicomParser, { type DataSet } from 'dicom-parser';

export interface Person {
  family: string;
  given: string;
  /** ISO day, empty when the file does not say. */
  birth_date: string;
}

export interface Read {
  person: Person | null;
  study: string;
  sopClass: string;
  modality: string;
  date: string;
  description: string;
}

/** SpecificCharacterSet (PS3.3 C.12.1.1.2) -> the browser's name of it. */
const CHARSETS: Record<string, string> = {
  '': 'windows-1252',
  'ISO_IR 6': 'windows-1252',
  'ISO_IR 100': 'windows-1252',
  'ISO_IR 101': 'iso-8859-2',
  'ISO_IR 109': 'iso-8859-3',
  'ISO_IR 110': 'iso-8859-4',
  'ISO_IR 144': 'iso-8859-5',
  'ISO_IR 127': 'iso-8859-6',
  'ISO_IR 126': 'iso-8859-7',
  'ISO_IR 138': 'iso-8859-8',
  'ISO_IR 148': 'windows-1254',
  'ISO_IR 203': 'iso-8859-15',
  'ISO_IR 13': 'shift_jis',
  'ISO_IR 166': 'windows-874',
  'ISO_IR 192': 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gbk',
};

/** What stands in the head of a file, as far as it can be read; never throws. */
export function readDicom(head: Uint8Array): Read {
  const data = parse(head);
  const charset = text(data, 'x00080005', '').split('\\')[0] ?? '';
  const decode = (tag: string) => text(data, tag, charset);
  return {
    person: personOf(decode('x00100010'), iso(decode('x00100030'))),
    study: decode('x0020000d'),
    sopClass: decode('x00080016') || decode('x00020002'),
    modality: decode('x00080060'),
    date: iso(decode('x00080020')),
    description: decode('x00081030'),
  };
}

function parse(head: Uint8Array): DataSet | null {
  const options: dicomParser.ParseDicomOptions = { untilTag: 'x0020000e' };
  const begins = String.fromCharCode(...head.subarray(128, 132));
  if (begins !== 'DICM') {
    const vr = String.fromCharCode(...head.subarray(4, 6));
    options.TransferSyntaxUID = /^[A-Z]{2}$/.test(vr) ? '1.2.840.10008.1.2.1' : '1.2.840.10008.1.2';
  }
  try {
    return dicomParser.parseDicom(head, options);
  } catch (fault) {
    return (fault as { dataSet?: DataSet }).dataSet ?? null; // cut off, or compressed: what was read until then
  }
}

function text(data: DataSet | null, tag: string, charset: string): string {
  const element = data?.elements[tag];
  if (!data || !element) return '';
  const raw = data.byteArray.subarray(element.dataOffset, element.dataOffset + element.length) as Uint8Array;
  const label = CHARSETS[charset.replace('ISO 2022 IR', 'ISO_IR').trim()] ?? 'windows-1252';
  const clear = new TextDecoder(label).decode(raw);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes of ISO 2022 and the padding are just that
  return clear.replace(/\x1b[()$*+,\-./]*[0-9A-Z]?|[\0-\x1f]/g, '').trim();
}

/** Alphabetic group of a PN, before any "=" (PS3.5 6.2.1). */
export function personOf(name: string, birthDate: string): Person | null {
  const [family = '', given = '', middle = ''] = (name.split('=')[0] ?? '').split('^').map((part) => part.trim());
  if (!family && !given) return null;
  return { family, given: [given, middle].filter(Boolean).join(' '), birth_date: birthDate };
}

function iso(day: string): string {
  const match = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(day);
  return match ? `${match[1]}-${match[2]}-${match[3]}` : '';
}
