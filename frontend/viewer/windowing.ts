/** Window: which values become which grey. center and width in modality units (Hounsfield units for CT). */
export interface Window {
  center: number;
  width: number;
}

export interface Preset {
  /** Key of its translated name. */
  name: string;
  window: Window;
}

const LUNG: Preset = { name: 'preset_lung', window: { center: -600, width: 1500 } };
const BONE: Preset = { name: 'preset_bone', window: { center: 480, width: 2500 } };
const BRAIN: Preset = { name: 'preset_brain', window: { center: 40, width: 80 } };
const ABDOMEN: Preset = { name: 'preset_abdomen', window: { center: 50, width: 400 } };
const VESSELS: Preset = { name: 'preset_vessels', window: { center: 300, width: 600 } };

const CT_PRESETS: readonly Preset[] = [ABDOMEN, LUNG, BONE, BRAIN, VESSELS];
const LIKELY: readonly (readonly [RegExp, Preset])[] = [
  [/HEAD|BRAIN|SKULL|GLOWA|GŁOWA/i, BRAIN],
  [/CHEST|THORAX|LUNG|KLATKA/i, LUNG],
  [/SPINE|KNEE|HIP|ANKLE|FOOT|HAND|WRIST|SHOULDER|EXTREMITY/i, BONE],
];

/** Presets of a modality; the one that suits the body part stands first. Only CT values mean the same everywhere. */
export function presetsFor(modality: string, bodyPart: string): Preset[] {
  if (modality !== 'CT') return [];
  const likely = LIKELY.find(([pattern]) => pattern.test(bodyPart))?.[1];
  return likely ? [likely, ...CT_PRESETS.filter((preset) => preset !== likely)] : [...CT_PRESETS];
}

export interface Range {
  lower: number;
  upper: number;
}

/** PS3.3 C.11.2.1.2.1, LINEAR: the window [c - 0.5 - (w-1)/2, c - 0.5 + (w-1)/2]. */
export function toRange({ center, width }: Window): Range {
  return { lower: center - 0.5 - (width - 1) / 2, upper: center - 0.5 + (width - 1) / 2 };
}

export function toWindow({ lower, upper }: Range): Window {
  return { center: (lower + upper + 1) / 2, width: upper - lower + 1 };
}

const STEP = 0.1;

/** One press of a button: a tenth of the width. brighter > 0 lowers the centre; contrast > 0 narrows the window. */
export function adjust(window: Window, change: { brighter?: number; contrast?: number }): Window {
  const center = window.center - (change.brighter ?? 0) * STEP * window.width;
  const width = Math.max(1, window.width * (1 - STEP * (change.contrast ?? 0)));
  return { center, width };
}

export function sameWindow(one: Window, other: Window): boolean {
  return Math.abs(one.center - other.center) < 1 && Math.abs(one.width - other.width) < 1;
}
