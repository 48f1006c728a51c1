import { make } from './dom';
import type { Texts } from './texts';

const KEYS: readonly (readonly [string, string])[] = [
  ['↑ ↓', 'key_images'],
  ['PgUp PgDn', 'key_ten'],
  ['Home End', 'key_ends'],
  ['[ ]', 'key_series'],
  ['', 'key_play'],
  ['+ − 0', 'key_zoom'],
  ['Shift + ← ↑ → ↓', 'key_move'],
  ['1 2 …', 'key_presets'],
  ['B D', 'key_brightness'],
  ['K M', 'key_contrast'],
  ['I', 'key_invert'],
  ['Z', 'key_reset'],
  ['O', 'key_report'],
];

/** What stood on the page before the script ran (links, disclaimer), then keys and gestures. */
export function fillAbout(dialog: HTMLDialogElement, facts: Node[], t: Texts): void {
  const close = make('button', { type: 'button', class: 'words' }, t.get('close'));
  close.addEventListener('click', () => dialog.close());
  const keys = make('dl');
  for (const [key, text] of KEYS) keys.append(make('dt', {}, key || t.get('space')), make('dd', {}, t.get(text)));
  const gestures = ['touch_one', 'touch_two', 'touch_tap', 'mouse'].map((key) => make('li', {}, t.get(key)));
  dialog.setAttribute('aria-label', t.get('about'));
  dialog.replaceChildren(
    close, // first: a dialog scrolls to what it gives the focus
    make('h2', {}, t.get('about')),
    ...facts,
    make('h2', {}, t.get('help')),
    make('ul', {}, ...gestures),
    keys,
  );
}
