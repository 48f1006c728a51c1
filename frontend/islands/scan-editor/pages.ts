/** The pages in their order, as small pictures; the chosen one is pressed. */

import type { Sheet } from './sheet';

const SMALL = 160;

export class PageStrip {
  private buttons: HTMLButtonElement[] = [];
  private waiting = 0;

  /** label: "Page {number}" */
  constructor(
    private readonly list: HTMLElement,
    private readonly label: string,
    private readonly choose: (number: number) => void,
  ) {
    this.clear();
  }

  /** sheet: the chosen one, awake; its picture is drawn anew. */
  show(count: number, current: number, sheet: Sheet | undefined): void {
    while (this.buttons.length < count) this.buttons.push(this.button());
    this.lay();
    this.refresh(current, sheet);
    this.buttons.forEach((one, number) => {
      one.setAttribute('aria-pressed', String(number === current));
    });
  }

  /** At most once before the next picture on the screen. */
  refresh(current: number, sheet: Sheet | undefined): void {
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => {
      const canvas = this.buttons[current]?.querySelector('canvas');
      if (canvas && sheet?.photo.width) sheet.draw(canvas, SMALL);
    });
  }

  move(from: number, to: number): void {
    const [button] = this.buttons.splice(from, 1);
    if (button) this.buttons.splice(to, 0, button);
  }

  drop(number: number): void {
    this.buttons.splice(number, 1);
  }

  clear(): void {
    this.buttons = [];
    this.list.replaceChildren();
  }

  private lay(): void {
    this.list.replaceChildren(
      ...this.buttons.map((button, number) => {
        const item = document.createElement('li');
        const words = button.querySelector('span');
        if (words) words.textContent = this.label.replace('{number}', String(number + 1));
        item.append(button);
        return item;
      }),
    );
  }

  private button(): HTMLButtonElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'scan-page';
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 1;
    canvas.setAttribute('aria-hidden', 'true');
    button.append(canvas, document.createElement('span'));
    button.addEventListener('click', () => this.choose(this.buttons.indexOf(button)));
    return button;
  }
}
