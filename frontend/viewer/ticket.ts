import { LoadFailed } from './errors';

export interface TicketSettings {
  base: string;
  ticketUrl: string;
  csrfToken: string;
  renewEvery: number;
}

const SIGNED_OUT = new Set([401, 403]);

/**
 * The right to fetch images lives for minutes and is renewed by the page, but only while somebody looks:
 * a forgotten tab must not keep its session alive.
 */
export class Ticket {
  private active = false;
  private renewing: Promise<void> | null = null;
  base: string;

  constructor(
    private readonly settings: TicketSettings,
    private readonly post: typeof fetch = (input, init) => fetch(input, init),
  ) {
    this.base = settings.base;
  }

  watch(page: EventTarget): void {
    for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchmove']) {
      page.addEventListener(kind, () => this.noteActivity(), { passive: true });
    }
    window.setInterval(() => this.renewIfActive(), this.settings.renewEvery * 1000);
  }

  noteActivity(): void {
    this.active = true;
  }

  renewIfActive(): void {
    if (!this.active) return;
    this.active = false;
    // Quiet: if it fails, the next image asks again and tells.
    this.renew().catch(() => undefined);
  }

  /** Callers that come while one renewal is under way share it. */
  renew(): Promise<void> {
    this.renewing ??= this.ask().finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  private async ask(): Promise<void> {
    const response = await this.send();
    if (SIGNED_OUT.has(response.status)) throw new LoadFailed('session');
    if (response.status === 404) throw new LoadFailed('gone');
    if (!response.ok) throw new LoadFailed('network');
    const answer = (await response.json()) as { base: string };
    this.base = answer.base;
  }

  private async send(): Promise<Response> {
    try {
      return await this.post(this.settings.ticketUrl, {
        method: 'POST',
        headers: { 'X-CSRFToken': this.settings.csrfToken, Accept: 'application/json' },
        credentials: 'same-origin',
        redirect: 'error',
      });
    } catch {
      throw new LoadFailed('network');
    }
  }
}
