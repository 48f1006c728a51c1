import { all } from './dom';

/** Sheets on a phone, drop-downs on a PC: one open at a time; Escape or a press beside it closes it. */
export class Panels {
  private opener: HTMLElement | null = null;

  constructor(private readonly openers: HTMLElement[] = all('[data-opens]')) {
    for (const opener of openers) opener.addEventListener('click', () => this.toggle(opener));
    document.addEventListener('keydown', (event) => this.onKey(event), { capture: true });
    document.addEventListener('pointerdown', (event) => this.onPress(event));
    // Whoever has chosen what a finger does, or another series, wants to see the picture.
    for (const button of all('[data-panel] [data-mode], [data-panel] [data-series]')) {
      button.addEventListener('click', () => this.close());
    }
  }

  get open(): HTMLElement | null {
    return document.querySelector<HTMLElement>('[data-panel][data-open]');
  }

  close(): void {
    const panel = this.open;
    if (!panel) return;
    delete panel.dataset.open;
    this.mark(panel.id, false);
    if (panel.contains(document.activeElement)) this.opener?.focus();
  }

  private toggle(opener: HTMLElement): void {
    const wanted = opener.dataset.opens ?? '';
    const same = this.open?.id === wanted;
    this.close();
    if (same) return;
    const panel = document.getElementById(wanted);
    if (!panel) return;
    this.opener = opener;
    panel.dataset.open = '';
    this.mark(wanted, true);
    panel.querySelector<HTMLElement>('button')?.focus({ preventScroll: true });
  }

  private mark(id: string, open: boolean): void {
    for (const opener of this.openers) {
      if (opener.dataset.opens === id) opener.setAttribute('aria-expanded', String(open));
    }
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === 'Escape' && this.open) {
      event.stopPropagation();
      this.close();
    }
  }

  private onPress(event: Event): void {
    const target = event.target as Element;
    // The picture stays usable while a sheet is open: brightness is changed while looking.
    if (!target.closest('[data-panel], [data-opens], #picture, #scroller')) this.close();
  }
}

/** <details class="menu"> closes like a menu. */
export function closeMenuOutside(menu: HTMLDetailsElement): void {
  document.addEventListener('pointerdown', (event) => {
    if (!menu.contains(event.target as Node)) menu.open = false;
  });
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    menu.open = false;
    menu.querySelector('summary')?.focus();
  });
  menu.addEventListener('click', (event) => {
    if ((event.target as Element).closest('.menu-item')) menu.open = false;
  });
}
