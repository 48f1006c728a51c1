/** Keeps the screen on while files are sent; a phone that sleeps stops sending. */
export class Wake {
  private lock: WakeLockSentinel | null = null;
  private wanted = false;

  constructor() {
    document.addEventListener('visibilitychange', () => {
      if (this.wanted && document.visibilityState === 'visible') void this.take();
    });
  }

  on(): void {
    this.wanted = true;
    void this.take();
  }

  off(): void {
    this.wanted = false;
    void this.lock?.release();
    this.lock = null;
  }

  private async take(): Promise<void> {
    try {
      this.lock = (await navigator.wakeLock?.request('screen')) ?? null;
    } catch {
      this.lock = null; // the battery is low, or the browser has none: sending goes on as long as it may
    }
  }
}
