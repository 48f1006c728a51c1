import { all } from './dom';

/** The report beside the picture on a PC, over it on a phone; the style sheet decides which, and whether it starts open. */
export class ReportPane {
  private opener: HTMLElement | null = null;
  private readonly pane = document.querySelector<HTMLElement>('#report');
  private readonly work = document.querySelector<HTMLElement>('#work');

  constructor() {
    for (const opener of all('[data-action="report"]')) {
      opener.addEventListener('click', () => {
        this.opener = opener;
        this.set(!this.shown);
      });
    }
    for (const closer of all('[data-action="report-close"]')) closer.addEventListener('click', () => this.set(false));
    this.pane?.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.set(false);
    });
    window.addEventListener('resize', () => this.mark());
    this.mark();
  }

  get shown(): boolean {
    return this.pane !== null && getComputedStyle(this.pane).display !== 'none';
  }

  set(open: boolean): void {
    if (!this.work || !this.pane) return;
    const inside = this.pane.contains(document.activeElement);
    this.work.dataset.report = open ? 'open' : 'closed';
    this.mark();
    if (open) this.pane.focus({ preventScroll: true });
    else if (inside) this.opener?.focus();
  }

  private mark(): void {
    for (const opener of all('[data-action="report"]')) opener.setAttribute('aria-expanded', String(this.shown));
  }
}
