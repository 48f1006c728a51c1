/** Which key asks for what. Words for the same keys: klisza/viewer/texts.py. */
export type Command =
  | 'previous'
  | 'next'
  | 'back-ten'
  | 'forward-ten'
  | 'first'
  | 'last'
  | 'previous-series'
  | 'next-series'
  | 'zoom-in'
  | 'zoom-out'
  | 'zoom-double'
  | 'fit'
  | 'pan-left'
  | 'pan-right'
  | 'pan-up'
  | 'pan-down'
  | 'brighter'
  | 'darker'
  | 'more-contrast'
  | 'less-contrast'
  | 'invert'
  | 'rotate'
  | 'flip-h'
  | 'flip-v'
  | 'reset'
  | 'play'
  | 'delete'
  | 'fullscreen'
  | 'help'
  | 'report'
  | `preset-${number}`;

export interface Press {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
}

/** Work anywhere on the page, unless a control of its own needs the key. */
const EVERYWHERE: Readonly<Record<string, Command>> = {
  ArrowUp: 'previous',
  ArrowLeft: 'previous',
  ArrowDown: 'next',
  ArrowRight: 'next',
  PageUp: 'back-ten',
  PageDown: 'forward-ten',
  Home: 'first',
  End: 'last',
};

const SHIFTED: Readonly<Record<string, Command>> = {
  ArrowUp: 'pan-up',
  ArrowLeft: 'pan-left',
  ArrowDown: 'pan-down',
  ArrowRight: 'pan-right',
};

/** Single characters, only while the image has the focus: voice control types letters elsewhere (WCAG 2.1.4). */
const ON_IMAGE: Readonly<Record<string, Command>> = {
  '+': 'zoom-in',
  '=': 'zoom-in',
  '-': 'zoom-out',
  '0': 'fit',
  '[': 'previous-series',
  ']': 'next-series',
  b: 'brighter',
  d: 'darker',
  k: 'more-contrast',
  m: 'less-contrast',
  i: 'invert',
  r: 'rotate',
  h: 'flip-h',
  v: 'flip-v',
  z: 'reset',
  f: 'fullscreen',
  o: 'report',
  '?': 'help',
  ' ': 'play',
  Delete: 'delete',
  Backspace: 'delete',
};

export function commandFor(press: Press, onImage: boolean): Command | null {
  if (press.ctrlKey || press.altKey || press.metaKey) return null;
  if (press.shiftKey && SHIFTED[press.key]) return SHIFTED[press.key] ?? null;
  const everywhere = EVERYWHERE[press.key];
  if (everywhere || !onImage) return everywhere ?? null;
  if (/^[1-9]$/.test(press.key)) return `preset-${Number(press.key)}`;
  return ON_IMAGE[press.key] ?? ON_IMAGE[press.key.toLowerCase()] ?? null;
}

/** Lists, sliders, dialogs and the report scroll by the same keys: they come first. */
const KEEPS_ITS_KEYS = 'input, select, textarea, dialog, .report, [data-panel], .menu';

export function listenToKeys(image: HTMLElement, run: (command: Command) => void): void {
  const listen = (event: KeyboardEvent) => {
    const target = event.target as Element;
    // Cornerstone swallows every key on the image, Tab as well: nobody could leave it by keyboard.
    if (target === image) event.stopPropagation();
    if (event.defaultPrevented || target.closest(KEEPS_ITS_KEYS)) return;
    const command = commandFor(event, target === image);
    if (!command) return;
    event.preventDefault();
    run(command);
  };
  document.addEventListener('keydown', listen, { capture: true });
}
