import { one } from './dom';
import type { Texts } from './texts';

/**
 * session: signed out, sign in again · gone: withdrawn or never there · network: no answer, a retry may help
 * decode: the bytes came but cannot be drawn · start: the viewer itself did not load
 */
export type FailureKind = 'session' | 'gone' | 'network' | 'decode' | 'start';

export class LoadFailed extends Error {
  constructor(readonly kind: FailureKind) {
    super(kind);
  }
}

export function kindOf(error: unknown): FailureKind {
  return error instanceof LoadFailed ? error.kind : 'decode';
}

const RETRY_HELPS: ReadonlySet<FailureKind> = new Set(['network', 'decode', 'start']);

/** The one place where trouble is told: a sentence over the picture, with what to do next. */
export class Banner {
  private readonly root = one('#banner');
  private readonly text = one('#banner-text');
  private readonly retryButton = one('#banner-retry');
  private readonly login = one('#banner-login');
  private readonly download = one('#banner-download');
  private retry: () => void = () => undefined;

  constructor(private readonly t: Texts) {
    this.retryButton.addEventListener('click', () => {
      this.hide();
      this.retry();
    });
    // A lift, a tunnel: what failed for want of a network is tried again by itself.
    window.addEventListener('online', () => {
      if (this.root.dataset.kind === 'network') this.retryButton.click();
    });
  }

  show(kind: FailureKind, retry: () => void): void {
    this.retry = retry;
    this.fill(kind, this.t(`failed_${kind}`));
    this.retryButton.hidden = !RETRY_HELPS.has(kind);
    this.login.hidden = kind !== 'session';
    this.download.hidden = kind !== 'decode';
  }

  /** A series that no browser can draw: nothing failed, but the patient must learn what to do with it. */
  tell(sentence: string): void {
    this.fill('info', sentence);
    this.retryButton.hidden = true;
    this.login.hidden = true;
    this.download.hidden = false;
  }

  hide(): void {
    this.root.hidden = true;
    delete this.root.dataset.kind;
  }

  private fill(kind: string, sentence: string): void {
    if (this.root.dataset.kind === kind && !this.root.hidden) return;
    this.root.dataset.kind = kind;
    this.root.hidden = false;
    this.text.textContent = sentence;
  }
}
