import { cache, imageLoader, type Types } from '@cornerstonejs/core';
import { createImage } from '@cornerstonejs/dicom-image-loader';
import { LoadFailed } from './errors';
import type { Fetcher } from './fetcher';

/**
 * Image ids are `klisza:studies/.../frames/1`: the address below the ticket, so that they survive its renewal.
 * The loader of Cornerstone keeps whole addresses and cannot renew or retry, therefore only its decoders are used.
 */
export const SCHEME = 'klisza';

const IMPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2';

/** `application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.80` -> the UID (PS3.18 8.7.3.5.2). */
export function transferSyntaxOf(contentType: string | null): string {
  const named = /transfer-syntax="?([\d.]+)/i.exec(contentType ?? '');
  return named?.[1] ?? IMPLICIT_LITTLE_ENDIAN;
}

export function registerLoader(fetcher: Fetcher): void {
  imageLoader.registerImageLoader(SCHEME, (imageId, options) => ({
    promise: load(fetcher, imageId, options ?? {}) as Promise<Types.IImage>,
  }));
}

async function load(fetcher: Fetcher, imageId: string, options: Record<string, unknown>): Promise<Types.IImage> {
  const response = await fetcher.fetch(imageId.slice(SCHEME.length + 1));
  const syntax = transferSyntaxOf(response.headers.get('Content-Type'));
  const bytes = await bytesOf(response);
  try {
    return await Promise.race([
      createImage(imageId, bytes, syntax, options) as Promise<Types.IImage>,
      decodeDeadline(),
    ]);
  } catch {
    throw new LoadFailed('decode');
  }
}

const DECODE_MOST_MS = 60_000;

/** Faults in some colour tables are thrown where no promise of the decoder hears them: it would never answer. */
function decodeDeadline(): Promise<never> {
  return new Promise((_resolve, reject) => window.setTimeout(reject, DECODE_MOST_MS));
}

async function bytesOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch {
    throw new LoadFailed('network');
  }
}

const MEGABYTE = 1024 * 1024;
const CACHE_DESKTOP = 640 * MEGABYTE;
const CACHE_PHONE = 160 * MEGABYTE; // a phone's browser kills the page at about 350 MB

/** Returns the bytes of decoded images that may be kept. */
export function boundCache(phone: boolean): number {
  const bytes = phone ? CACHE_PHONE : CACHE_DESKTOP;
  cache.setMaxCacheSize(bytes);
  return bytes;
}
