import type { Chosen } from './items';

/** Opens the browser's own dialog. Nothing is kept between two uses: the same folder may be chosen again. */
export function choose(way: 'files' | 'folder' | 'camera', then: (chosen: Chosen[]) => void): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = way !== 'camera';
  if (way === 'folder') input.webkitdirectory = true;
  if (way === 'camera') {
    input.accept = 'image/*';
    input.capture = 'environment';
  }
  input.addEventListener('change', () => then(fromFiles(input.files)));
  input.click();
}

export function fromFiles(files: FileList | null): Chosen[] {
  return [...(files ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

export function canChooseFolders(): boolean {
  return 'webkitdirectory' in HTMLInputElement.prototype && !window.matchMedia('(pointer: coarse)').matches;
}

/** Everything below what was dropped. The entries must be taken before the first await: they die with the event. */
export async function fromDrop(transfer: DataTransfer): Promise<Chosen[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (!entries.length) return fromFiles(transfer.files);
  const found: Chosen[] = [];
  for (const entry of entries) await walk(entry, '', found);
  return found;
}

async function walk(entry: FileSystemEntry, above: string, found: Chosen[]): Promise<void> {
  const path = above + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((give, fail) => (entry as FileSystemFileEntry).file(give, fail));
    found.push({ file, path });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // Browsers hand out a hundred entries at a time.
  for (let some = await next(reader); some.length; some = await next(reader)) {
    for (const one of some) await walk(one, `${path}/`, found);
  }
}

function next(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  return new Promise((give, fail) => reader.readEntries(give, fail));
}
