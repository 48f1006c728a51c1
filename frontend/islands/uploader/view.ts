import type { Listed } from './api';
import type { Group, Item } from './items';
import { type List, needsAnswer } from './list';
import type { Words } from './words';

export interface Acts {
  remove(items: Item[]): void;
  removeReady(file: Listed): void;
  answer(group: Group, isMe: boolean): void;
  edit: ((item: Item) => void) | null;
}

const SHOWN_AT_MOST = 500;

/** Draws the list before sending. */
export class View {
  constructor(
    private readonly root: HTMLElement,
    private readonly words: Words,
    private readonly acts: Acts,
  ) {}

  part<T extends HTMLElement = HTMLElement>(name: string): T {
    const found = this.root.querySelector<T>(`[data-part="${name}"]`);
    if (!found) throw new Error(`missing in the page: ${name}`);
    return found;
  }

  draw(list: List): void {
    const { words } = this;
    const groups = [...list.groups.values()].map((group) => this.group(group));
    const documents = [
      ...list.ready.map((file) => this.readyRow(file)),
      ...list.documents.map((item) => this.documentRow(item)),
    ];
    if (documents.length) groups.push(card(words.say('documents'), [element('ul', 'rows', ...documents)]));
    this.part('groups').replaceChildren(...groups);
    const all = { files: words.count('files', list.length), bytes: words.bytes(list.bytes) };
    this.part('total').textContent = list.length ? words.say('listed', all) : words.say('list_empty');
    this.part('notes').textContent = [
      list.leftOut.accessories && words.say('left_out', { files: words.count('files', list.leftOut.accessories) }),
      list.leftOut.empty && words.say('left_out_empty', { files: words.count('files', list.leftOut.empty) }),
      list.leftOut.twice && words.say('duplicate', { files: words.count('files', list.leftOut.twice) }),
    ]
      .filter(Boolean)
      .join(' ');
  }

  private group(group: Group): HTMLElement {
    const { words } = this;
    const name = group.person ? `${group.person.given} ${group.person.family}`.trim() : '';
    const parts: HTMLElement[] = [];
    if (group.person?.birth_date)
      parts.push(element('p', 'row-meta', words.say('born', { date: words.date(group.person.birth_date) })));
    if (group.likeness === 'same') parts.push(element('p', 'badge badge-ok', words.say('is_same')));
    if (needsAnswer(group)) parts.push(this.question(group));
    parts.push(element('ul', 'rows', ...studies(group).map((items) => this.studyRow(items))));
    return card(name ? words.say('images_of', { name }) : words.say('images_nobody'), parts);
  }

  private question(group: Group): HTMLElement {
    const { words } = this;
    const box = element('fieldset', 'banner banner-warn stack');
    const legend = element('legend', '', words.say('is_you'));
    const text = group.likeness === 'other' ? [element('p', '', words.say('is_other'))] : [];
    const yes = button(words.say('yes'), group.answer === true ? 'button button-primary' : 'button');
    yes.setAttribute('aria-pressed', String(group.answer === true));
    yes.addEventListener('click', () => this.acts.answer(group, true));
    const no = button(words.say('no'), 'button');
    no.addEventListener('click', () => this.acts.answer(group, false));
    box.append(legend, ...text, element('div', 'actions', yes, no));
    box.tabIndex = -1;
    box.dataset.question = '';
    return box;
  }

  private studyRow(items: Item[]): HTMLElement {
    const { words } = this;
    const { modality, date, description } = items[0]?.sight.about ?? { modality: '', date: '', description: '' };
    const name = [modality, description, words.date(date)].filter(Boolean).join(' · ') || words.say('kind_dicom');
    const size = words.bytes(items.reduce((sum, item) => sum + item.file.size, 0));
    const row = this.row(name, `${words.count('files', items.length)}, ${size}`, () => this.acts.remove(items));
    const more = document.createElement('details');
    more.append(element('summary', '', words.say('show_all', { files: words.count('files', items.length) })));
    more.addEventListener('toggle', () => {
      if (more.open && more.childElementCount === 1) more.append(this.plainList(items));
    });
    row.append(more);
    return row;
  }

  private plainList(items: Item[]): HTMLElement {
    const lines = items.slice(0, SHOWN_AT_MOST).map((item) => {
      const line = element('li', '', `${item.path} (${this.words.bytes(item.file.size)}) `);
      const gone = button(this.words.say('remove'), 'uploader-link');
      gone.setAttribute('aria-label', this.words.say('remove_name', { name: item.file.name }));
      gone.addEventListener('click', () => this.acts.remove([item]));
      line.append(gone);
      return line;
    });
    return element('ul', 'uploader-plain', ...lines);
  }

  private documentRow(item: Item): HTMLElement {
    const { words } = this;
    const meta = `${words.say(`kind_${item.sight.kind}`)}, ${words.bytes(item.file.size)}`;
    const row = this.row(item.path, meta, () => this.acts.remove([item]));
    if (item.sight.kind === 'image' && this.acts.edit) {
      const edit = button(words.say('edit'), 'button button-quiet');
      edit.setAttribute('aria-label', words.say('edit_name', { name: item.file.name }));
      edit.addEventListener('click', () => this.acts.edit?.(item));
      row.querySelector('.row-action')?.prepend(edit);
    }
    row.append(this.describing(item));
    return row;
  }

  private describing(item: Item): HTMLElement {
    const { words } = this;
    const more = document.createElement('details');
    more.open = Boolean(item.title || item.description);
    const name = element('span', 'visually-hidden', `: ${item.file.name}`);
    more.append(element('summary', '', words.say('describe'), name));
    for (const part of ['title', 'description'] as const) {
      const field = document.createElement('input');
      field.className = 'input';
      field.maxLength = part === 'title' ? 200 : 1000;
      field.value = item[part];
      field.addEventListener('input', () => {
        item[part] = field.value;
      });
      const label = element('label', 'field', element('span', 'field-label', words.say(part)), field);
      more.append(label);
    }
    return more;
  }

  private readyRow(file: Listed): HTMLElement {
    const meta = `${this.words.say(`kind_${file.kind}`)}, ${this.words.bytes(file.size)}`;
    const row = this.row(file.title || file.name, meta, () => this.acts.removeReady(file));
    if (file.description) row.append(element('p', 'row-meta', file.description));
    return row;
  }

  private row(name: string, meta: string, remove: () => void): HTMLElement {
    const gone = button(this.words.say('remove'), 'button button-quiet');
    gone.setAttribute('aria-label', this.words.say('remove_name', { name }));
    gone.addEventListener('click', remove);
    const main = element('div', 'row-main', element('p', 'row-title', name), element('p', 'row-meta', meta));
    return element('li', 'row uploader-row', main, element('div', 'row-action', gone));
  }
}

function card(title: string, parts: HTMLElement[]): HTMLElement {
  return element('section', 'card stack', element('h3', 'card-title', title), ...parts);
}

function studies(group: Group): Item[][] {
  const found = new Map<string, Item[]>();
  for (const item of group.items) found.set(item.sight.study, [...(found.get(item.sight.study) ?? []), item]);
  return [...found.values()];
}

function button(text: string, kind: string): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = kind;
  made.textContent = text;
  return made;
}

export function element(name: string, kind: string, ...parts: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.append(...parts);
  return made;
}
