import './viewer.css';
import { readConfig } from './config';
import { all, one } from './dom';
import type { Engine } from './engine';
import { Banner } from './errors';
import { type Command, listenToKeys } from './keyboard';
import { closeMenuOutside, Panels } from './panels';
import { ReportPane } from './report';
import { makeTexts } from './texts';
import { Ticket } from './ticket';

// The heavy part starts to load at once; menus and the report work meanwhile.
const heavy = import('./engine');

const config = readConfig(document);
const t = makeTexts(config.texts);
const banner = new Banner(t);
const ticket = new Ticket(config);
const report = new ReportPane();
const help = one<HTMLDialogElement>('#help');
let engine: Engine | null = null;

function run(command: Command): void {
  if (command === 'help') help.showModal();
  else if (command === 'fullscreen') toggleFullscreen();
  else if (command === 'report') report.set(!report.shown);
  else engine?.run(command);
}

function toggleFullscreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void document.documentElement.requestFullscreen();
}

function listenToButtons(): void {
  for (const button of all('[data-action]')) {
    const action = button.dataset.action as Command | 'report-close';
    if (action !== 'report' && action !== 'report-close') button.addEventListener('click', () => run(action));
  }
}

/** The viewer has a window of its own: closing it leads back to the examination. */
function closeWindow(): void {
  one('#close').addEventListener('click', () => window.close());
}

async function start(): Promise<void> {
  try {
    const { Engine } = await heavy;
    engine = new Engine({ config, t, banner, ticket });
    await engine.open(config.first);
  } catch {
    one('#picture').dataset.state = 'failed';
    banner.show('start', () => window.location.reload());
  }
}

if (!document.fullscreenEnabled) for (const item of all('[data-needs="fullscreen"]')) item.hidden = true;
new Panels();
closeMenuOutside(one<HTMLDetailsElement>('#more'));
listenToButtons();
listenToKeys(one('#viewport'), run);
closeWindow();
ticket.watch(window);
void start();
