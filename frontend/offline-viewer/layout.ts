import type { Mode } from './controls';
import { ICONS, icon, make } from './dom';
import type { Texts } from './texts';

type IconName = keyof typeof ICONS;

/** Everything that stands on the page all the time. `say` fills in the words, and again when the language changes. */
export class Layout {
  private readonly sayings: (() => void)[] = [];
  readonly who = make('h1', { class: 'who' });
  readonly what = make('p', { class: 'what' });
  readonly language = make('select', { class: 'language' });
  readonly reportButton = this.button('report', 'report', true);
  readonly aboutButton = this.button('about', 'info');
  readonly list = make('ol', { class: 'series' });
  readonly surface = make('div', { class: 'surface', tabindex: '0', role: 'img' });
  readonly screen = make('canvas', { class: 'screen', 'aria-hidden': 'true' });
  readonly pixels = make('canvas', { id: 'pixels', hidden: true });
  readonly notice = make('p', { class: 'notice', hidden: true });
  readonly corners = {
    name: make('div', { class: 'corner top left' }),
    title: make('div', { class: 'corner top right' }),
    position: make('div', { class: 'corner bottom left' }),
    window: make('div', { class: 'corner bottom right' }),
  };
  readonly sides = {
    left: make('div', { class: 'side left' }),
    right: make('div', { class: 'side right' }),
    top: make('div', { class: 'side top' }),
    bottom: make('div', { class: 'side bottom' }),
  };
  readonly along = make('div', { class: 'along' });
  readonly slider = make('input', { type: 'range', min: '1', class: 'slider' });
  readonly position = make('output', { id: 'position' });
  readonly previous = this.button('previous', 'previous');
  readonly next = this.button('next', 'next');
  readonly play = this.button('play', 'play');
  readonly modes = make('div', { class: 'modes', role: 'group' });
  readonly presets = make('select', { class: 'presets' });
  readonly invert = this.button('invert', 'invert');
  readonly zoomIn = this.button('zoom_in', 'plus');
  readonly zoomOut = this.button('zoom_out', 'minus');
  readonly reset = this.button('reset', 'reset');
  readonly report = make('aside', { class: 'report', hidden: true, tabindex: '0' });
  readonly about = make('dialog', { class: 'about' });
  readonly live = make('p', { class: 'unseen', role: 'status' });

  constructor(
    private readonly t: Texts,
    onMode: (mode: Mode) => void,
  ) {
    for (const mode of ['browse', 'window', 'move'] as const) {
      const button = this.button(`mode_${mode}`, mode, true);
      button.dataset.mode = mode;
      button.addEventListener('click', () => onMode(mode));
      this.modes.append(button);
    }
    this.named(this.modes, 'mode');
    this.named(this.language, 'language');
    this.named(this.presets, 'presets');
    this.named(this.slider, 'position');
    this.named(this.list, 'series_list');
    this.named(this.report, 'report');
  }

  /** The page, in the order in which it is read. */
  build(): HTMLElement {
    this.surface.append(
      this.screen,
      this.pixels,
      ...Object.values(this.corners),
      ...Object.values(this.sides),
      this.notice,
    );
    const title = make('div', { class: 'title' }, this.who, this.what);
    const bar = make('header', {}, title, this.language, this.reportButton, this.aboutButton);
    this.along.append(
      this.previous,
      this.slider,
      this.next,
      make('span', { class: 'count' }, this.position),
      this.play,
    );
    const tools = make(
      'div',
      { class: 'tools' },
      this.modes,
      this.presets,
      this.invert,
      this.zoomOut,
      this.zoomIn,
      this.reset,
    );
    const main = make('main', { class: 'view' }, this.surface, this.along, tools);
    const nav = make('nav', {}, this.list);
    return make('div', { class: 'viewer' }, bar, nav, main, this.report, this.about, this.live);
  }

  say(): void {
    for (const saying of this.sayings) saying();
  }

  setIcon(button: HTMLButtonElement, name: IconName, key: string): void {
    if (button.dataset.icon === name) return;
    button.dataset.icon = name;
    button.querySelector('svg')?.replaceWith(icon(ICONS[name]));
    button.setAttribute('aria-label', this.t.get(key));
    button.title = this.t.get(key);
  }

  /** words: its name stands on it; else a screen reader and a tool tip tell it. */
  button(key: string, name: IconName, words = false): HTMLButtonElement {
    const label = make('span', { class: words ? 'label' : 'unseen' });
    const button = make('button', { type: 'button', 'data-icon': name }, icon(ICONS[name]), label);
    this.sayings.push(() => {
      label.textContent = this.t.get(key);
      if (words) return;
      button.removeAttribute('aria-label');
      button.title = this.t.get(key);
    });
    return button;
  }

  private named(element: HTMLElement, key: string): void {
    this.sayings.push(() => element.setAttribute('aria-label', this.t.get(key)));
  }
}
