import { Failed } from './api';

/** The two buttons that complete a questionnaire stand in a form of the page's own; they are found by their name. */
export interface Ending {
  /** files: how many are on the list. */
  show(files: number): void;
  /** Until the list is shown again: it is being added to, and what is pressed now would leave files out. */
  hold(): void;
  /** Nothing is left to press. */
  over(): void;
}

const BUTTONS = 'button[name="ending"]';

export function endings(start: (submit: () => Promise<void>) => Promise<void>): Ending {
  const buttons = () => [...document.querySelectorAll<HTMLButtonElement>(BUTTONS)];
  let busy = false;
  document.addEventListener('submit', (event) => {
    const button = event.submitter as HTMLButtonElement | null;
    if (button?.name !== 'ending' || button.value !== 'upload') return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    void start(() => submit(event.target as HTMLFormElement, button)).finally(() => {
      busy = false;
    });
  });
  return {
    show(files) {
      for (const button of buttons()) button.disabled = button.value === 'upload' ? !files : files > 0;
    },
    hold() {
      for (const button of buttons()) button.disabled = true;
    },
    over() {
      for (const button of buttons()) (button.closest('form') ?? button).hidden = true;
    },
  };
}

/** Completes the questionnaire. Throws Failed with the server's sentence. */
async function submit(form: HTMLFormElement, button: HTMLButtonElement): Promise<void> {
  const data = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === 'string') data.append(name, value);
  data.set(button.name, button.value);
  const headers = { Accept: 'application/json' };
  const answer = await fetch(form.action, { method: 'POST', body: data, headers, credentials: 'same-origin' });
  if (!answer.ok) throw new Failed(answer.status, await sentenceOf(answer));
}

async function sentenceOf(answer: Response): Promise<string> {
  try {
    return ((await answer.json()) as { error?: string }).error ?? '';
  } catch {
    return '';
  }
}
