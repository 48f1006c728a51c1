import { describe, expect, it } from 'vitest';
import { decimal, letters, lettersFromNames, opposite, scaleBar } from '../viewer/labels';

describe('orientation letters', () => {
  it('name the strongest axis', () => {
    expect(letters([1, 0, 0])).toBe('L');
    expect(letters([0, -1, 0])).toBe('A');
    expect(letters([0, 0, 1])).toBe('H');
  });

  it('name a second axis only when the slice is clearly tilted', () => {
    expect(letters([0.8, 0.6, 0])).toBe('LP');
    expect(letters([0.98, 0.2, 0])).toBe('L');
  });

  it('turn round for the opposite edge', () => {
    expect(opposite('HL')).toBe('FR');
  });

  it('come from the file when there is no geometry', () => {
    const stored = ['P', 'FL'] as const;
    expect(lettersFromNames([1, 0, 0], stored)).toBe('P');
    expect(lettersFromNames([-1, 0, 0], stored)).toBe('A');
    expect(lettersFromNames([0, -1, 0], stored)).toBe('HR');
  });
});

describe('scale bar', () => {
  it('takes the longest round length that fits', () => {
    expect(scaleBar(0.5)).toEqual({ pixels: 100, text: '5 cm' });
    expect(scaleBar(0.05)).toEqual({ pixels: 100, text: '5 mm' });
  });

  it('is absent when nothing is known', () => {
    expect(scaleBar(Number.NaN)).toBeNull();
    expect(scaleBar(0)).toBeNull();
  });
});

it('writes numbers as the language does', () => {
  expect(decimal(162.94, 'pl')).toBe('162,9');
  expect(decimal(162.94, 'en')).toBe('162.9');
});
