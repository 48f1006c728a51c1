import { describe, expect, it } from 'vitest';
import { adjust, presetsFor, sameWindow, toRange, toWindow } from '../viewer/windowing';

const names = (modality: string, bodyPart: string) => presetsFor(modality, bodyPart).map((preset) => preset.name);

describe('presets', () => {
  it('put the likely one first', () => {
    expect(names('CT', 'HEAD')[0]).toBe('preset_brain');
    expect(names('CT', 'CHEST')[0]).toBe('preset_lung');
    expect(names('CT', '')[0]).toBe('preset_abdomen');
  });

  it('are each offered once', () => {
    expect(new Set(names('CT', 'HEAD')).size).toBe(5);
  });

  it('exist for CT only: other values have no common scale', () => {
    expect(names('MR', 'HEAD')).toEqual([]);
  });
});

describe('window', () => {
  it('covers as many values as it is wide', () => {
    expect(toRange({ center: 40, width: 80 })).toEqual({ lower: 0, upper: 79 });
  });

  it('survives the way to a range and back', () => {
    expect(toWindow(toRange({ center: -600, width: 1500 }))).toEqual({ center: -600, width: 1500 });
  });

  it('gets brighter by a lower centre', () => {
    expect(adjust({ center: 50, width: 400 }, { brighter: 1 })).toEqual({ center: 10, width: 400 });
  });

  it('never gets narrower than one value', () => {
    expect(adjust({ center: 0, width: 1 }, { contrast: 1 }).width).toBe(1);
  });

  it('counts as the same within rounding', () => {
    expect(sameWindow({ center: 40, width: 80 }, { center: 40.4, width: 80 })).toBe(true);
    expect(sameWindow({ center: 40, width: 80 }, { center: 60, width: 80 })).toBe(false);
  });
});
