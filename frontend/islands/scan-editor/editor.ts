/** The dialog: pages in their order, four ways of changing one, title and description, sending. */

import { decodePicture, NotTaken, type Scan, sendScan, type Ways } from './api';
import { PageStrip } from './pages';
import { Sheet } from './sheet';
import { type Mode, Stage } from './stage';

const MOST_PAGES = 60;

export class Editor {
  private sheets: Sheet[] = [];
  private current = 0;
  private mode: Mode = 'crop';
  private readonly stage: Stage;
  private readonly strip: PageStrip;
  private readonly ways: Ways;
  private readonly end = new AbortController();
  private settle: (scan: Scan | null) => void = () => undefined;
  private redraw = 0;

  constructor(private readonly dialog: HTMLDialogElement) {
    const { scanUrl = '', pictureUrl = '' } = dialog.dataset;
    const csrf = dialog.querySelector<HTMLInputElement>('input[name="csrfmiddlewaretoken"]');
    this.ways = { scanUrl, pictureUrl, csrfToken: csrf?.value ?? '' };
    this.stage = new Stage(this.part('stage'), this.part('canvas'), {
      corners: [1, 2, 3, 4].map((number) => this.text(`corner${number}`)),
      cover: this.text('cover'),
    });
    this.stage.changed = () => this.strip.refresh(this.current, this.sheet);
    this.strip = new PageStrip(this.part('pages'), this.text('page'), (number) => void this.turnTo(number));
    this.listen();
  }

  async open(files: File[]): Promise<Scan | null> {
    this.field('title').value = nameOf(files[0]);
    this.field('description').value = '';
    this.dialog.showModal();
    const done = new Promise<Scan | null>((resolve) => {
      this.settle = resolve;
    });
    await this.add(files);
    if (!this.sheets.length) this.say(this.text('noPage'));
    return done;
  }

  private listen(): void {
    const { signal } = this.end;
    this.dialog.addEventListener('click', (event) => this.onClick(event), { signal });
    this.dialog.addEventListener('input', (event) => this.onInput(event.target as HTMLInputElement), { signal });
    this.dialog.addEventListener('change', (event) => this.onChange(event.target as HTMLInputElement), { signal });
    this.dialog.addEventListener(
      'cancel',
      (event) => {
        event.preventDefault();
        this.askToLeave();
      },
      { signal },
    );
  }

  private onClick(event: Event): void {
    const button = (event.target as Element).closest<HTMLButtonElement>('button[data-do]');
    if (!button) return;
    const [verb = '', value = ''] = (button.dataset.do ?? '').split(' ');
    const acts: Record<string, () => unknown> = {
      mode: () => this.change(value as Mode),
      detect: () => this.say(this.text(this.sheet?.detect() ? 'found' : 'notFound')),
      turn: () => this.sheet?.turn(value === 'right'),
      whole: () =>
        this.sheet &&
        Object.assign(this.sheet, {
          corners: [
            { x: 0, y: 0 },
            { x: 1, y: 0 },
            { x: 1, y: 1 },
            { x: 0, y: 1 },
          ],
        }),
      nudge: () => this.nudge(value),
      cover: () => this.stage.addCover(),
      uncover: () => this.stage.removeCover(),
      plain: () => this.plain(),
      earlier: () => this.movePage(-1),
      later: () => this.movePage(1),
      drop: () => this.dropPage(),
      add: () => this.field('files').click(),
      leave: () => this.askToLeave(),
      stay: () => this.stay(),
      discard: () => this.close(null),
      done: () => void this.send(),
    };
    acts[verb]?.();
    if (['detect', 'turn', 'whole'].includes(verb)) this.show();
  }

  private get sheet(): Sheet | undefined {
    return this.sheets[this.current];
  }

  // Pages

  private async add(files: File[]): Promise<void> {
    this.busy(true, this.text('opening'));
    let failed = '';
    for (const file of files.slice(0, MOST_PAGES - this.sheets.length)) {
      try {
        const sheet = await this.sheetOf(file);
        await this.sheet?.rest();
        this.current = this.sheets.push(sheet) - 1;
      } catch (fault) {
        failed = (fault instanceof NotTaken && fault.reason) || this.text('unreadable');
        failed = `${file.name}: ${failed}`;
      }
    }
    if (this.sheets.length) await this.turnTo(this.sheets.length > files.length ? this.current : 0);
    const found = files.length === 1 && this.sheet ? (this.sheet.found ? 'found' : 'notFound') : 'opened';
    this.busy(false, failed || this.text(found));
  }

  /** HEIC and whatever else the browser does not know is opened by the server. */
  private async sheetOf(file: File): Promise<Sheet> {
    try {
      return await Sheet.of(file);
    } catch {
      return Sheet.of(await decodePicture(this.ways, file));
    }
  }

  private async turnTo(number: number): Promise<void> {
    if (number !== this.current) await this.sheet?.rest();
    this.current = number;
    await this.sheet?.wake();
    this.show();
  }

  private movePage(by: number): void {
    const to = this.current + by;
    if (to < 0 || to >= this.sheets.length || !this.sheet) return;
    const [sheet] = this.sheets.splice(this.current, 1);
    this.sheets.splice(to, 0, sheet as Sheet);
    this.strip.move(this.current, to);
    this.current = to;
    this.show();
    this.say(this.text('pageOf'), { number: to + 1, total: this.sheets.length });
  }

  private dropPage(): void {
    this.sheets.splice(this.current, 1);
    this.strip.drop(this.current);
    this.current = Math.max(0, Math.min(this.current, this.sheets.length - 1));
    void this.turnTo(this.current);
    this.say(this.text('dropped'));
  }

  // One page

  private change(mode: Mode): void {
    this.mode = mode;
    this.show();
  }

  private nudge(value: string): void {
    const way = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] }[value] ?? [0, 0];
    const grow = this.dialog.querySelector<HTMLInputElement>('[data-field="grow"]')?.checked ?? false;
    this.stage.nudge(way[0] as number, way[1] as number, grow && this.mode === 'cover');
  }

  private plain(): void {
    if (this.sheet) this.sheet.look = { brightness: 0, contrast: 0, grey: false };
    this.show();
  }

  private onInput(field: HTMLInputElement): void {
    const sheet = this.sheet;
    if (!sheet) return;
    const name = field.dataset.field;
    if (name === 'brightness' || name === 'contrast') sheet.look[name] = Number(field.value);
    else if (name === 'grey') sheet.look.grey = field.checked;
    else if (name === 'note') sheet.note = field.value;
    else return;
    cancelAnimationFrame(this.redraw);
    this.redraw = requestAnimationFrame(() => this.stage.draw());
  }

  private onChange(field: HTMLInputElement): void {
    if (field.dataset.field !== 'files' || !field.files) return;
    const files = [...field.files];
    field.value = '';
    void this.add(files);
  }

  private show(): void {
    const { sheet } = this;
    for (const panel of this.dialog.querySelectorAll<HTMLElement>('[data-panel]')) {
      panel.hidden = !(panel.dataset.panel ?? '').split(' ').includes(this.mode);
    }
    for (const button of this.dialog.querySelectorAll<HTMLElement>('[data-do^="mode "]')) {
      button.setAttribute('aria-pressed', String(button.dataset.do === `mode ${this.mode}`));
    }
    this.part('body').hidden = !sheet;
    this.stage.show(sheet ?? null, this.mode);
    this.strip.show(this.sheets.length, this.current, sheet);
    const label = this.fill(this.text('pageOf'), { number: this.current + 1, total: this.sheets.length });
    this.part('canvas').setAttribute('aria-label', label);
    this.part('where').textContent = label;
    if (!sheet) return;
    this.field('brightness').value = String(sheet.look.brightness);
    this.field('contrast').value = String(sheet.look.contrast);
    this.field('grey').checked = sheet.look.grey;
    this.field('note').value = sheet.note;
  }

  // The end

  private async send(): Promise<void> {
    const title = this.field('title');
    if (!title.value.trim() || !this.sheets.length) {
      this.say(this.text(this.sheets.length ? 'needTitle' : 'noPage'));
      if (this.sheets.length) title.focus();
      title.setAttribute('aria-invalid', String(!title.value.trim()));
      return;
    }
    this.busy(true, this.text('sending'));
    try {
      const pages = [];
      for (const [number, sheet] of this.sheets.entries()) {
        pages.push({ picture: await sheet.picture(), note: sheet.note });
        if (number !== this.current) await sheet.rest();
      }
      this.close(await sendScan(this.ways, pages, title.value.trim(), this.field('description').value.trim()));
    } catch (fault) {
      this.busy(false, (fault instanceof NotTaken && fault.reason) || this.text('failed'));
    }
  }

  /** Nothing is thrown away by one key. */
  private askToLeave(): void {
    if (!this.sheets.length) {
      this.close(null);
      return;
    }
    this.part('leaving').hidden = false;
    this.part('leaving').querySelector('button')?.focus();
  }

  private stay(): void {
    this.part('leaving').hidden = true;
    this.dialog.querySelector<HTMLElement>('[data-do="done"]')?.focus();
  }

  private close(scan: Scan | null): void {
    this.end.abort();
    this.sheets = [];
    this.busy(false, '');
    this.part('leaving').hidden = true;
    this.stage.show(null, 'crop');
    this.strip.clear();
    this.dialog.close();
    this.settle(scan);
  }

  // Words and parts

  private part<Kind extends HTMLElement>(name: string): Kind {
    return this.dialog.querySelector(`[data-part="${name}"]`) as Kind;
  }

  private field(name: string): HTMLInputElement {
    return this.dialog.querySelector(`[data-field="${name}"]`) as HTMLInputElement;
  }

  private text(name: string): string {
    return this.dialog.dataset[`text${name[0]?.toUpperCase()}${name.slice(1)}`] ?? '';
  }

  private fill(sentence: string, values: Record<string, number>): string {
    return sentence.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
  }

  private say(sentence: string, values: Record<string, number> = {}): void {
    this.part('status').textContent = this.fill(sentence, values);
  }

  private busy(is: boolean, sentence: string): void {
    this.dialog.toggleAttribute('data-busy', is);
    for (const button of this.dialog.querySelectorAll<HTMLButtonElement>('[data-do="done"], [data-do="add"]'))
      button.disabled = is;
    this.say(sentence);
  }
}

function nameOf(file: File | undefined): string {
  const plain = (file?.name ?? '')
    .replace(/\.[^.]+$/, '')
    .replace(/[_]+/g, ' ')
    .trim();
  return /^(img|dsc|pxl|image|photo|scan|wp|20\d\d)[\s\d-]*/i.test(plain) ? '' : plain;
}
