import type { Api } from './api';
import type { Config } from './config';
import type { Item } from './items';
import { type Line, Sender } from './sender';
import { element, type View } from './view';
import { Wake } from './wake';
import type { Words } from './words';

const DRAWN_EVERY = 250;
const SPOKEN_EVERY = 5000;
const SHOWN_AT_MOST = 200;

/** The page while files are on their way: progress in all and of each, the line, and what to do about it. */
export class Sending {
  private readonly wake = new Wake();
  private readonly rows = new Map<Item, HTMLElement>();
  private sender: Sender | null = null;
  private began = 0;
  private before = 0;
  private drawn = 0;
  private spoken = 0;

  constructor(
    private readonly api: Api,
    private readonly config: Config,
    private readonly view: View,
    private readonly words: Words,
  ) {}

  async run(items: Item[], files: number): Promise<void> {
    const sender = new Sender(this.api, items, this.config.limits.piece, {
      changed: () => this.changed(),
      line: (state) => this.line(state),
    });
    this.sender = sender;
    this.began = performance.now();
    this.before = sender.sent;
    this.view.part('progress').hidden = false;
    this.list(items);
    this.wake.on();
    window.addEventListener('beforeunload', stay);
    await sender.run();
    window.removeEventListener('beforeunload', stay);
    this.wake.off();
    this.draw();
    await this.finish(items, files);
  }

  private list(items: Item[]): void {
    if (items.length > SHOWN_AT_MOST) return;
    const rows = items.map((item) => {
      const row = element('li', 'uploader-file', element('span', '', item.path), element('span', 'row-meta', ''));
      this.rows.set(item, row);
      return row;
    });
    const list = element('ul', 'uploader-plain', ...rows);
    list.tabIndex = 0; // it scrolls, so the keyboard must get there
    list.setAttribute('aria-labelledby', 'uploader-title');
    this.view.part('groups').replaceChildren(list);
  }

  private changed(): void {
    if (performance.now() - this.drawn > DRAWN_EVERY) this.draw();
  }

  private draw(): void {
    const sender = this.sender;
    if (!sender) return;
    this.drawn = performance.now();
    const all = sender.items.reduce((sum, item) => sum + item.file.size, 0);
    const percent = all ? Math.floor((100 * sender.sent) / all) : 100;
    const bar = this.view.part('progress').querySelector('progress');
    if (bar) bar.value = percent;
    const here = sender.items.filter((item) => item.state === 'arrived').length;
    const { words } = this;
    const said = [
      words.say('sending', { done: words.bytes(sender.sent), all: words.bytes(all), percent }),
      words.say('files_sent', { done: here, all: sender.items.length }),
      this.timeLeft(all - sender.sent),
    ];
    this.view.part('said').textContent = said.filter(Boolean).join(', ');
    for (const [item, row] of this.rows) this.drawRow(item, row);
    if (this.drawn - this.spoken > SPOKEN_EVERY) {
      this.spoken = this.drawn;
      this.view.part('live').textContent = `${percent} %`;
    }
  }

  private drawRow(item: Item, row: HTMLElement): void {
    const state = row.lastElementChild;
    const percent = item.file.size ? Math.floor((100 * item.sent) / item.file.size) : 0;
    const text = this.words.say(`state_${item.state}`);
    const full = item.state === 'sending' && percent ? `${text}, ${percent} %` : text;
    if (state && state.textContent !== full) state.textContent = full;
  }

  private timeLeft(bytes: number): string {
    const seconds = (performance.now() - this.began) / 1000;
    const rate = ((this.sender?.sent ?? 0) - this.before) / seconds;
    if (seconds < 10 || rate <= 0 || bytes / rate < 60) return '';
    return this.words.say('time_left', { minutes: this.words.count('minutes', Math.ceil(bytes / rate / 60)) });
  }

  private line(state: Line): void {
    const banner = this.view.part('banner');
    if (state === 'good') {
      banner.hidden = true;
      return;
    }
    if (!banner.hidden && banner.dataset.line === state) return;
    banner.dataset.line = state;
    banner.hidden = false;
    banner.replaceChildren(element('p', '', this.words.say(state)));
    if (state === 'login') banner.append(this.waysBack());
  }

  /** In a new tab, so that this page keeps its files. */
  private waysBack(): HTMLElement {
    const login = document.createElement('a');
    login.href = this.config.urls.login;
    login.target = '_blank';
    login.rel = 'noopener';
    login.className = 'button';
    login.textContent = this.words.say('login_link');
    const goOn = element('button', 'button button-primary', this.words.say('continue')) as HTMLButtonElement;
    goOn.type = 'button';
    goOn.addEventListener('click', async () => {
      const inside = await this.api.standing().catch(() => null);
      if (inside) this.sender?.resume();
    });
    return element('div', 'actions', login, goOn);
  }

  private async finish(items: Item[], files: number): Promise<void> {
    const failed = items.filter((item) => item.state === 'failed');
    const banner = this.view.part('banner');
    const said = this.view.part('said');
    if (failed.length) {
      banner.hidden = false;
      const names = failed.slice(0, 5).map((item) => item.path);
      banner.replaceChildren(element('p', '', this.words.say('failed', { name: names.join(', ') })));
      return;
    }
    banner.hidden = true;
    const standing = await this.api.standing().catch(() => null);
    if (standing && standing.state !== 'complete') return;
    const receipt = document.createElement('a');
    receipt.href = this.config.urls.receipt;
    receipt.className = 'button';
    receipt.textContent = this.words.say('receipt');
    said.textContent = this.words.say('done');
    this.view.part('total').hidden = false;
    this.view.part('total').textContent = this.words.count('files', files);
    this.view.part('live').textContent = this.words.say('done');
    this.view.part('groups').append(element('p', 'actions', receipt));
  }
}

function stay(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
