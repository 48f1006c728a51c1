/**
 * The editor of scans and photos. The uploader's page includes uploads/scan_editor.html (a closed dialog with every
 * word in it) and calls `openScanEditor(files)`; what comes back stands on the delivery's list at the server already,
 * so that the page adds a row and sends nothing.
 */
import './scan-editor.css';
import type { Scan } from './api';
import { Editor } from './editor';

export type { Scan } from './api';

/** files: photos and scans, in the order of the pages. null: closed without a document. */
export function openScanEditor(files: File[]): Promise<Scan | null> {
  const dialog = document.querySelector<HTMLDialogElement>('dialog[data-island="scan-editor"]');
  return dialog ? new Editor(dialog).open(files) : Promise.resolve(null);
}

/** What the editor can take: pictures only; a PDF stays as it is. */
export function isPicture(file: File): boolean {
  return file.type.startsWith('image/') || /\.(jpe?g|png|webp|heic|heif|bmp|tiff?)$/i.test(file.name);
}
