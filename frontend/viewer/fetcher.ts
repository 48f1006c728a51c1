import { LoadFailed } from './errors';
import type { Ticket } from './ticket';

const REFUSED = new Set([401, 403, 404]);
const BUSY = new Set([429, 502, 503, 504]);
export const WAITS_MS = [400, 1200, 3000];

const wait = (milliseconds: number) => new Promise<void>((resolve) => window.setTimeout(resolve, milliseconds));

/** Fetches below the ticket's address; a short loss of the network or of the ticket is not worth a message. */
export class Fetcher {
  constructor(
    private readonly ticket: Ticket,
    private readonly get: typeof fetch = (input, init) => fetch(input, init),
    private readonly waits: readonly number[] = WAITS_MS,
  ) {}

  /** path: below the ticket's base, without a leading slash. Raises LoadFailed. */
  async fetch(path: string): Promise<Response> {
    let renewed = false;
    for (let attempt = 0; ; attempt += 1) {
      const response = await this.attempt(path);
      if (response?.ok) return response;
      if (response && REFUSED.has(response.status)) {
        if (renewed) throw new LoadFailed('gone');
        await this.ticket.renew();
        renewed = true;
      } else {
        const pause = this.waits[attempt];
        if (pause === undefined || !(response === null || BUSY.has(response.status))) throw new LoadFailed('network');
        await wait(pause);
      }
    }
  }

  /** null: no answer at all. */
  private async attempt(path: string): Promise<Response | null> {
    try {
      return await this.get(`${this.ticket.base}/${path}`, { credentials: 'same-origin' });
    } catch {
      return null;
    }
  }
}
