/** The two buttons that complete a questionnaire stand in a form of the page's own; they are found by their name. */
export interface Ending {
  /** files: how many are on the list. */
  show(files: number): void;
  /** Nothing is left to press. */
  over(): void;
}

const BUTTONS = 'button[name="ending"]';

export function endings(start: (submit: () => Promise<boolean>) => Promise<void>): Ending {
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
    over() {
      for (const button of buttons()) (button.closest('form') ?? button).hidden = true;
    },
  };
}

/** True when the server took it; what it says otherwise is found by asking for the list. */
async function submit(form: HTMLFormElement, button: HTMLButtonElement): Promise<boolean> {
  const data = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === 'string') data.append(name, value);
  data.set(button.name, button.value);
  const answer = await fetch(form.action, { method: 'POST', body: data, credentials: 'same-origin' });
  return answer.ok;
}
