import './uploader.css';
import { openScanEditor } from '../scan-editor';
import { Api, Failed } from './api';
import { canChooseFolders, choose, fromDrop } from './choosing';
import { readConfig } from './config';
import { type Ending, endings } from './ending';
import type { Chosen, Group, Item } from './items';
import { List, match } from './list';
import { Sending } from './sending';
import { element, View } from './view';
import { Words } from './words';

const config = readConfig(document);
const words = new Words(config.texts, config.language);
const root = document.querySelector<HTMLElement>('[data-island="uploader"]');
if (!root) throw new Error('the uploader has no place');
const token = document.querySelector<HTMLInputElement>('[name=csrfmiddlewaretoken]')?.value ?? '';
const api = new Api(config, token);
const list = new List(api);
const canEdit = document.querySelector('dialog[data-island="scan-editor"]') !== null;
const view = new View(root, words, { remove, removeReady, answer, edit: canEdit ? edit : null });
const ending: Ending | null = config.state === 'collecting' ? endings(start) : null;

function redraw(): void {
  view.draw(list);
  ending?.show(list.length);
}

/** What was pressed has gone with the old drawing: on to the next question, or to the sum of the list. */
function goOn(change: () => void): void {
  const byKeys = document.activeElement?.matches(':focus-visible') ?? false;
  change();
  redraw();
  const open = root?.querySelector<HTMLElement>('[data-question]:has([aria-pressed="false"])');
  const next = open ?? view.part('total');
  next.tabIndex = -1;
  next.focus({ preventScroll: !byKeys });
}

function remove(items: Item[]): void {
  goOn(() => list.remove(items));
}

async function removeReady(file: { id: string }): Promise<void> {
  await api.remove(file.id).catch(() => undefined);
  await readServer();
  redraw();
}

function answer(group: Group, isMe: boolean): void {
  goOn(() => {
    if (isMe) group.answer = true;
    else list.remove(group.items);
  });
}

async function edit(item: Item): Promise<void> {
  const made = await openScanEditor([item.file]);
  if (!made) return;
  list.remove([item]);
  await readServer();
  redraw();
}

/** Documents that lie at the server already stand on the list; announced files without bytes are forgotten. */
async function readServer(): Promise<void> {
  const standing = await api.standing().catch(() => null);
  if (!standing) return;
  list.ready = standing.files.filter((file) => file.state !== 'waiting');
  if (list.ready.length < standing.files.length) await api.forget().catch(() => undefined);
}

async function take(chosen: Chosen[]): Promise<void> {
  if (config.state !== 'collecting') return resume(chosen);
  warn(chosen.length ? '' : words.say('nothing'));
  ending?.hold();
  try {
    await list.add(chosen, (done) => {
      if (done % 50 === 0 || done === chosen.length)
        view.part('total').textContent = words.say('reading', { done, all: chosen.length });
    });
  } finally {
    redraw();
  }
  const { files, bytes } = config.limits;
  if (list.length > files) warn(words.say('too_many', { most: words.count('files', files) }));
  else if (list.bytes > bytes) warn(words.say('too_much', { most: words.bytes(bytes) }));
}

/** "Start uploading": the list is written down, the form completes the questionnaire, then the bytes follow. */
async function start(submit: () => Promise<void>): Promise<void> {
  if (list.unanswered) {
    warn(words.say('answer_first'));
    root?.querySelector<HTMLElement>('[data-question]')?.focus();
    return;
  }
  warn('');
  view.part('total').textContent = words.say('checking');
  const fault = await attempt(submit);
  // Whatever was answered, or was lost on its way: the list itself says whether it is closed.
  const state = (await api.standing().catch(() => null))?.state ?? 'collecting';
  if (state === 'collecting') {
    await api.forget().catch(() => undefined);
    redraw();
    warn((fault instanceof Failed && fault.reason) || words.say('list_failed'));
    return;
  }
  ending?.over();
  for (const name of ['intro', 'choose', 'notes', 'total']) view.part(name).hidden = true;
  view.part('groups').replaceChildren();
  await send(list.items, list.length);
}

async function attempt(submit: () => Promise<void>): Promise<unknown> {
  try {
    await api.announce(list.items, (item) => list.isMe(item));
    await submit();
    return null;
  } catch (fault) {
    return fault;
  }
}

async function resume(chosen: Chosen[]): Promise<void> {
  const standing = await api.standing().catch(() => null);
  const awaited = standing?.files.filter((file) => file.state === 'waiting') ?? [];
  const items = match(chosen, awaited);
  if (!items.length) return warn(words.say('resume_none'));
  warn('');
  view.part('resume').textContent = words.say('resume_some', { found: words.count('files', items.length) });
  view.part('choose').hidden = true;
  await send(items, items.length);
  await showWhatIsMissing();
}

async function send(items: Item[], files: number): Promise<void> {
  await new Sending(api, config, view, words).run(items, files);
}

async function showWhatIsMissing(): Promise<void> {
  const standing = await api.standing().catch(() => null);
  const missing = standing?.files.filter((file) => file.state === 'waiting').length ?? 0;
  if (!missing) return;
  view.part('choose').hidden = false;
  view.part('resume').textContent = words.say('resume', { missing: words.count('files', missing) });
}

function warn(sentence: string): void {
  const banner = view.part('banner');
  banner.hidden = !sentence;
  banner.replaceChildren(...(sentence ? [element('p', '', sentence)] : []));
}

function listen(): void {
  for (const button of root?.querySelectorAll<HTMLButtonElement>('[data-choose]') ?? []) {
    const way = button.dataset.choose as 'files' | 'folder' | 'camera';
    if (way === 'folder' && !canChooseFolders()) button.hidden = true;
    if (way === 'camera' && !window.matchMedia('(pointer: coarse)').matches) button.hidden = true;
    button.addEventListener('click', () => choose(way, (chosen) => void take(chosen)));
  }
  const drop = view.part('drop');
  drop.hidden = window.matchMedia('(pointer: coarse)').matches;
  for (const name of ['dragenter', 'dragover']) {
    root?.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add('is-over');
    });
  }
  root?.addEventListener('dragleave', () => drop.classList.remove('is-over'));
  root?.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('is-over');
    if (event.dataTransfer) void fromDrop(event.dataTransfer).then(take);
  });
}

async function begin(): Promise<void> {
  listen();
  view.part('work').hidden = false;
  if (config.state === 'collecting') {
    await readServer();
    redraw();
  } else await showWhatIsMissing();
}

void begin();
