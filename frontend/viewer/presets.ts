import { one } from './dom';
import { type LoadedSeries, TAG, textOf } from './series';
import type { Stack } from './stack';
import type { Texts } from './texts';
import { type Preset, presetsFor, sameWindow } from './windowing';

/** The list of ready-made windows: "Auto" (as the hospital's device stored it), then those of the modality. */
export class Presets {
  private readonly list = one('#presets');
  private presets: Preset[] = [];

  constructor(
    private readonly stack: Stack,
    private readonly t: Texts,
  ) {}

  offer(series: LoadedSeries): void {
    const first = series.instances[0];
    this.presets = presetsFor(series.card.modality, first ? textOf(first, TAG.bodyPart) : '');
    const names = [this.t('preset_auto'), ...this.presets.map((preset) => this.t(preset.name))];
    this.list.replaceChildren(...names.map((name, index) => this.button(name, index)));
    this.mark();
  }

  use(index: number): void {
    const preset = this.presets[index - 1];
    if (index !== 0 && !preset) return;
    if (preset) this.stack.setWindow(preset.window);
    else this.stack.automaticWindow();
  }

  /** Show which one is in force, after any change. */
  mark(): void {
    const { window, windowIsStored } = this.stack;
    for (const [index, button] of [...this.list.children].entries()) {
      const preset = this.presets[index - 1];
      const chosen = preset ? !windowIsStored && window !== null && sameWindow(window, preset.window) : windowIsStored;
      button.setAttribute('aria-pressed', String(chosen));
    }
  }

  private button(name: string, index: number): HTMLButtonElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'preset';
    button.textContent = name;
    button.addEventListener('click', () => this.use(index));
    return button;
  }
}
