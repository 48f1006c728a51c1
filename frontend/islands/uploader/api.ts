import type { Config, State } from './config';
import type { Item } from './items';
import type { Person } from './person';

export interface Listed {
  id: string;
  mark: string;
  name: string;
  title: string;
  description: string;
  size: number;
  kind: string;
  state: string;
  upload: string;
  offset: number;
}

export interface Standing {
  state: State;
  files: Listed[];
  token: string;
}

export interface Answer {
  status: number;
  body: string;
  header(name: string): string;
}

/** status: of the server; 0 = it was not reached. reason: its sentence for the person. */
export class Failed extends Error {
  constructor(
    readonly status: number,
    readonly reason = '',
  ) {
    super(`status ${status}`);
  }
}

const ENTRIES = 500;
const NO_ANSWER = 120_000;

/** Every request to the server. XMLHttpRequest, because fetch does not say how much has left. */
export class Api {
  constructor(
    private readonly config: Config,
    private token: string,
  ) {}

  /** Also renews the token, which changes with every login. */
  async standing(): Promise<Standing> {
    const found = JSON.parse((await this.ask('GET', this.config.urls.list)).body) as Standing;
    this.token = found.token;
    return found;
  }

  async announce(items: Item[], isMe: (item: Item) => boolean | null): Promise<void> {
    for (let at = 0; at < items.length; at += ENTRIES) {
      const some = items.slice(at, at + ENTRIES);
      const files = some.map((item) => ({
        path: item.path,
        size: item.file.size,
        title: item.title,
        description: item.description,
        mark: item.mark,
        is_me: isMe(item),
      }));
      const answer = await this.json('POST', this.config.urls.list, { anew: at === 0, files });
      const { ids } = JSON.parse(answer.body) as { ids: string[] };
      some.forEach((item, number) => {
        item.id = ids[number] ?? '';
      });
    }
  }

  /** What was announced and has not come stands on the list no more. */
  async forget(): Promise<void> {
    await this.json('POST', this.config.urls.list, { anew: true, files: [] });
  }

  async likeness(persons: Person[]): Promise<('same' | 'maybe' | 'other')[]> {
    const answer = await this.json('POST', this.config.urls.persons, { persons });
    return (JSON.parse(answer.body) as { likeness: ('same' | 'maybe' | 'other')[] }).likeness;
  }

  async remove(id: string): Promise<void> {
    await this.json('POST', this.config.urls.remove.replace('{id}', id), {});
  }

  async batch(body: Blob, progress: (bytes: number) => void): Promise<Record<string, string>> {
    const headers = { 'Content-Type': 'application/octet-stream' };
    const answer = await this.ask('POST', this.config.urls.batch, headers, body, progress);
    return (JSON.parse(answer.body) as { files: Record<string, string> }).files;
  }

  tus(method: string, url: string, headers: Record<string, string>, body?: Blob, progress?: (bytes: number) => void) {
    return this.ask(method, url, { 'Tus-Resumable': '1.0.0', ...headers }, body, progress);
  }

  get uploads(): string {
    return this.config.urls.uploads;
  }

  private json(method: string, url: string, content: unknown): Promise<Answer> {
    return this.ask(method, url, { 'Content-Type': 'application/json' }, new Blob([JSON.stringify(content)]));
  }

  private ask(
    method: string,
    url: string,
    headers: Record<string, string> = {},
    body?: Blob,
    progress?: (bytes: number) => void,
  ): Promise<Answer> {
    return new Promise((give, fail) => {
      const request = new XMLHttpRequest();
      request.open(method, url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.setRequestHeader('Accept', 'application/json');
      request.setRequestHeader('X-CSRFToken', this.token);
      let watch = 0;
      // A line that says nothing for two minutes is dead, whatever the browser believes.
      const alive = () => {
        clearTimeout(watch);
        watch = window.setTimeout(() => request.abort(), NO_ANSWER);
      };
      request.upload.addEventListener('progress', (event) => {
        alive();
        progress?.(event.loaded);
      });
      request.addEventListener('loadend', () => {
        clearTimeout(watch);
        if (request.status >= 200 && request.status < 300) give(answerOf(request));
        else fail(new Failed(request.status, reasonOf(request)));
      });
      alive();
      request.send(body ?? null);
    });
  }
}

function answerOf(request: XMLHttpRequest): Answer {
  const header = (name: string) => request.getResponseHeader(name) ?? '';
  return { status: request.status, body: request.responseText, header };
}

function reasonOf(request: XMLHttpRequest): string {
  try {
    return (JSON.parse(request.responseText) as { reason?: string }).reason ?? '';
  } catch {
    return '';
  }
}
