import { letters, lettersFromNames, type Vector } from '../viewer/labels';
import { receiveChunks } from './chunks';
import { commands, Gestures, listenToKeys, type Mode } from './controls';
import type { Data } from './data';
import { make } from './dom';
import { fillAbout } from './help';
import { Layout } from './layout';
import { fillReport } from './report';
import { Stage } from './stage';
import './style.css';
import { Texts } from './texts';
import { Viewer } from './viewer';

declare global {
  interface Window {
    KLISZA_DATA?: (data: Data) => void;
  }
}

const QUIET_MS = 700;
const MEMORY = 160_000_000; // bytes of decoded pictures; a third of it where memory is short
const narrowMemory = () => ((navigator as { deviceMemory?: number }).deviceMemory ?? 8) <= 4 || isTouch();
const isTouch = () => matchMedia('(pointer: coarse)').matches;

class Page {
  private readonly t: Texts;
  private readonly layout: Layout;
  private readonly viewer: Viewer;
  private readonly facts: Node[];
  private mode: Mode = isTouch() ? 'browse' : 'window';
  private timer = 0;
  private shown = { number: -1, language: '', grey: '' };

  constructor(private readonly data: Data) {
    this.t = new Texts(data);
    this.layout = new Layout(this.t, (mode) => this.setMode(mode));
    const all = data.examinations.flatMap((examination) =>
      examination.series.map((series) => ({ examination, series })),
    );
    const memory = narrowMemory() ? MEMORY / 3 : MEMORY;
    const stage = new Stage(this.layout.screen, this.layout.pixels);
    this.viewer = new Viewer(all, stage, memory, () => this.update());
    this.facts = [...(document.querySelector('#about')?.childNodes ?? [])];
  }

  start(): void {
    const { layout, viewer } = this;
    document.body.replaceChildren(...document.querySelectorAll('script[type="text/plain"]'), layout.build());
    this.offerLanguages();
    this.listen();
    this.speak();
    new ResizeObserver(() => viewer.stage.redraw()).observe(layout.screen);
    if (viewer.all.length) void viewer.open(this.opening());
    else this.withoutImages();
    layout.surface.focus({ preventScroll: true });
  }

  /** A planning view is not what the patient came for: less than an eighth of the largest series. */
  private opening(): number {
    const first = this.viewer.all[0]?.examination;
    const counts = this.viewer.all.map(({ examination, series }) => (examination === first ? series.images.length : 0));
    const most = Math.max(...counts);
    return counts.findIndex((count) => count * 8 >= most);
  }

  private listen(): void {
    const { layout, viewer } = this;
    const run = commands(viewer, { report: () => this.toggleReport(), help: () => layout.about.showModal() });
    listenToKeys(layout.surface, run);
    new Gestures(layout.surface, viewer, () => this.effectiveMode());
    layout.previous.addEventListener('click', () => viewer.step(-1));
    layout.next.addEventListener('click', () => viewer.step(1));
    layout.play.addEventListener('click', () => viewer.play());
    layout.invert.addEventListener('click', () => viewer.invert());
    layout.zoomIn.addEventListener('click', () => run('zoom-in'));
    layout.zoomOut.addEventListener('click', () => run('zoom-out'));
    layout.reset.addEventListener('click', () => viewer.reset());
    layout.slider.addEventListener('input', () => viewer.step(Number(layout.slider.value) - 1 - viewer.image));
    layout.presets.addEventListener('change', () => run(`preset-${Number(layout.presets.value) + 1}`));
    layout.reportButton.addEventListener('click', () => this.toggleReport());
    layout.aboutButton.addEventListener('click', () => layout.about.showModal());
    layout.language.addEventListener('change', () => {
      this.t.language = layout.language.value;
      this.speak();
    });
  }

  private offerLanguages(): void {
    for (const code of Object.keys(this.data.texts)) {
      this.layout.language.append(make('option', { value: code, lang: code }, this.data.names[code] ?? code));
    }
    this.layout.language.value = this.t.language;
  }

  private speak(): void {
    document.documentElement.lang = this.t.language;
    document.title = this.t.get('title');
    this.layout.say();
    this.listSeries();
    fillAbout(this.layout.about, this.facts, this.t);
    this.shown.number = -1;
    if (this.viewer.pictures) this.update();
  }

  private listSeries(): void {
    let examination: unknown = null;
    const rows: HTMLElement[] = [];
    for (const [number, one] of this.viewer.all.entries()) {
      if (one.examination !== examination && this.data.examinations.length > 1) {
        const title = one.examination.titles[this.t.language] ?? '';
        rows.push(make('li', { class: 'of' }, `${title} · ${one.examination.date}`));
      }
      examination = one.examination;
      const title = one.series.title || this.t.get('untitled', { number: number + 1 });
      const picture = one.series.thumbnail ? [make('img', { src: one.series.thumbnail, alt: '' })] : [];
      const words = make(
        'span',
        {},
        make('b', {}, title),
        make('small', {}, `${one.series.modality} · ${this.t.images(one.series.images.length)}`),
      );
      const button = make('button', { type: 'button', 'data-series': String(number) }, ...picture, words);
      button.addEventListener('click', () => void this.viewer.open(number));
      rows.push(make('li', {}, button));
    }
    this.layout.list.replaceChildren(...rows);
  }

  private update(): void {
    const { viewer, layout } = this;
    if (this.shown.number !== viewer.number || this.shown.language !== this.t.language) this.updateSeries();
    const grey = `${viewer.number} ${viewer.isGrey}`;
    if (this.shown.grey !== grey) this.updateTools(grey);
    const number = viewer.image + 1;
    layout.slider.value = String(number);
    layout.position.textContent = `${number} / ${viewer.count}`;
    layout.setIcon(layout.play, viewer.cine.playing ? 'pause' : 'play', viewer.cine.playing ? 'pause' : 'play');
    layout.surface.dataset.state = viewer.state;
    layout.surface.dataset.image = String(viewer.image);
    this.updateCorners();
    this.updateNotice();
    if (!viewer.cine.playing) this.announce();
  }

  private updateSeries(): void {
    const { viewer, layout } = this;
    const { examination } = viewer;
    this.shown = { number: viewer.number, language: this.t.language, grey: '' };
    const born = examination.born ? this.t.get('born', { date: examination.born }) : '';
    layout.who.textContent = [examination.person, born].filter(Boolean).join(', ');
    layout.what.textContent = `${examination.titles[this.t.language] ?? ''} · ${examination.date}`;
    layout.surface.setAttribute('aria-label', [viewer.series.title, examination.date].join('. '));
    layout.slider.max = String(viewer.count);
    const single = viewer.count < 2;
    layout.along.hidden = single;
    for (const button of layout.list.querySelectorAll<HTMLElement>('[data-series]')) {
      const current = button.dataset.series === String(viewer.number);
      button.setAttribute('aria-current', String(current));
      if (current) button.scrollIntoView?.({ block: 'nearest', inline: 'nearest' });
    }
    layout.play.dataset.icon = ''; // its words, too
    layout.reportButton.hidden = !examination.reports.length;
    this.fillReport();
  }

  private updateTools(grey: string): void {
    const { viewer, layout } = this;
    this.shown.grey = grey;
    layout.presets.replaceChildren(
      ...['preset_auto', ...viewer.presets.map((preset) => preset.name)].map((name, index) =>
        make('option', { value: String(index) }, this.t.get(name)),
      ),
    );
    layout.presets.hidden = !viewer.presets.length;
    layout.invert.hidden = !viewer.isGrey;
    this.setMode(this.mode);
  }

  private updateCorners(): void {
    const { viewer, layout } = this;
    const { corners, sides } = layout;
    const { examination, series, look } = viewer;
    corners.name.textContent = examination.person;
    corners.title.textContent = examination.date;
    corners.position.textContent = [series.title, `${viewer.image + 1}/${viewer.count}`].filter(Boolean).join(' · ');
    const window = viewer.shownWindow;
    corners.window.textContent = viewer.isGrey
      ? this.t.get('window', { center: Math.round(window.center), width: Math.round(window.width) })
      : '';
    const name = (direction: Vector) => (look.sides ? lettersFromNames(direction, look.sides) : '');
    const plane = look.plane;
    const [row, column] = plane
      ? [plane.slice(0, 3), plane.slice(3)]
      : [
          [1, 0, 0],
          [0, 1, 0],
        ];
    const tell = (direction: number[], sign: number) => {
      const vector = direction.map((value) => value * sign) as unknown as Vector;
      return plane ? letters(vector) : name(vector);
    };
    sides.right.textContent = tell(row as number[], 1);
    sides.left.textContent = tell(row as number[], -1);
    sides.bottom.textContent = tell(column as number[], 1);
    sides.top.textContent = tell(column as number[], -1);
    const chosen = viewer.presets.findIndex(
      ({ window: own }) => viewer.window?.center === own.center && viewer.window.width === own.width,
    );
    // Nothing is chosen in the list when the window was dragged.
    layout.presets.value = viewer.window && chosen < 0 ? '' : String(chosen + 1);
  }

  private updateNotice(): void {
    const keys = { loading: 'loading', drawn: '', unshowable: 'unshowable', missing: 'unpack' } as const;
    const key = keys[this.viewer.state];
    this.layout.notice.hidden = !key;
    this.layout.notice.textContent = key ? this.t.get(key) : '';
    this.layout.notice.dataset.state = this.viewer.state;
  }

  private announce(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      const { viewer, layout } = this;
      const text = this.t.get('image', { number: viewer.image + 1, total: viewer.count });
      layout.surface.setAttribute('aria-label', [text, viewer.series.title, viewer.examination.date].join('. '));
      layout.slider.setAttribute('aria-valuetext', text);
      layout.live.textContent = viewer.state === 'drawn' ? text : (layout.notice.textContent ?? '');
    }, QUIET_MS);
  }

  private setMode(mode: Mode): void {
    this.mode = mode;
    const effective = this.effectiveMode();
    for (const button of this.layout.modes.querySelectorAll<HTMLElement>('[data-mode]')) {
      button.setAttribute('aria-pressed', String(button.dataset.mode === effective));
      button.hidden =
        (button.dataset.mode === 'window' && !this.viewer.isGrey) ||
        (button.dataset.mode === 'browse' && this.viewer.count < 2);
    }
  }

  /** Colour has no window, and one image nothing to browse: dragging moves it then. */
  private effectiveMode(): Mode {
    if (this.mode === 'window' && !this.viewer.isGrey) return this.viewer.count > 1 ? 'browse' : 'move';
    return this.mode === 'browse' && this.viewer.count < 2 ? 'move' : this.mode;
  }

  private toggleReport(): void {
    const { report, reportButton, surface } = this.layout;
    if (reportButton.hidden) return;
    report.hidden = !report.hidden;
    reportButton.setAttribute('aria-expanded', String(!report.hidden));
    this.fillReport();
    (report.hidden ? surface : report).focus({ preventScroll: true });
  }

  private fillReport(): void {
    const examination = this.viewer.all.length ? this.viewer.examination : this.data.examinations[0];
    if (!examination || this.layout.report.hidden) return;
    const close = make('button', { type: 'button', class: 'words shut' }, this.t.get('close'));
    close.addEventListener('click', () => this.toggleReport());
    fillReport(this.layout.report, examination, this.t, close);
  }

  private withoutImages(): void {
    const { layout } = this;
    const examination = this.data.examinations[0];
    layout.notice.hidden = false;
    layout.notice.textContent = this.t.get('nothing');
    layout.surface.dataset.state = 'nothing';
    document.querySelector('.view')?.classList.add('empty');
    if (!examination) return;
    layout.who.textContent = examination.person;
    layout.what.textContent = `${examination.titles[this.t.language] ?? ''} · ${examination.date}`;
    layout.reportButton.hidden = !examination.reports.length;
    if (examination.reports.length) this.toggleReport();
  }
}

/** What the page itself needs: read before anything is taken away, so that an old browser keeps the static page. */
function isModern(): boolean {
  return typeof DecompressionStream !== 'undefined' && typeof ResizeObserver !== 'undefined';
}

receiveChunks();
window.KLISZA_DATA = (data) => {
  if (isModern()) {
    new Page(data).start();
    return;
  }
  const place = document.querySelector('#unpack') ?? document.querySelector('#start');
  if (place) place.textContent = data.texts[data.language]?.old_browser ?? '';
};
