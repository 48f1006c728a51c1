import { beforeEach, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../viewer/config';
import { Banner } from '../viewer/errors';
import { commandFor, listenToKeys } from '../viewer/keyboard';
import { Panels } from '../viewer/panels';
import { describe as describePixels } from '../viewer/pixels';
import { makeTexts } from '../viewer/texts';

const press = (key: string, more = {}) => ({
  key,
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  ...more,
});

describe('keys', () => {
  it('scroll from anywhere', () => {
    expect(commandFor(press('ArrowDown'), false)).toBe('next');
    expect(commandFor(press('End'), false)).toBe('last');
  });

  it('of letters work on the image only', () => {
    expect(commandFor(press('r'), false)).toBeNull();
    expect(commandFor(press('r'), true)).toBe('rotate');
    expect(commandFor(press('3'), true)).toBe('preset-3');
  });

  it('with a modifier belong to the browser', () => {
    expect(commandFor(press('r', { ctrlKey: true }), true)).toBeNull();
    expect(commandFor(press('ArrowLeft', { altKey: true }), true)).toBeNull();
  });

  it('with shift move the image', () => {
    expect(commandFor(press('ArrowLeft', { shiftKey: true }), false)).toBe('pan-left');
  });

  it('are left to sliders and dialogs', () => {
    document.body.innerHTML = '<div id="image" tabindex="0"></div><input id="slider" type="range">';
    const run = vi.fn();
    listenToKeys(document.querySelector('#image') as HTMLElement, run);
    document.querySelector('#slider')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true }));
    expect(run).not.toHaveBeenCalled();
    document.querySelector('#image')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true }));
    expect(run).toHaveBeenCalledWith('last');
  });
});

describe('panels', () => {
  const open = () => document.querySelector('[data-open]')?.id;
  const click = (id: string) => document.getElementById(id)?.click();

  it('open one at a time; Escape closes and gives the focus back', () => {
    document.body.innerHTML = `
      <button id="one" data-opens="a" aria-expanded="false"></button><button id="two" data-opens="b" aria-expanded="false"></button>
      <div id="a" data-panel><button id="inside"></button></div><div id="b" data-panel></div>`;
    new Panels();
    click('two');
    expect(open()).toBe('b');
    click('one');
    expect(open()).toBe('a');
    expect(document.querySelector('#two')?.getAttribute('aria-expanded')).toBe('false');
    expect(document.activeElement?.id).toBe('inside');
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
    expect(open()).toBeUndefined();
    expect(document.activeElement?.id).toBe('one');
  });
});

describe('banner', () => {
  beforeEach(() => {
    document.body.innerHTML = `<div id="banner" hidden><p id="banner-text"></p><button id="banner-retry"></button>
      <a id="banner-login"></a><a id="banner-download"></a></div>`;
  });
  const hidden = (id: string) => document.getElementById(id)?.hidden;
  const t = makeTexts({ failed_network: 'Brak połączenia', failed_session: 'Sesja wygasła' });

  it('offers a retry where that helps', () => {
    const retry = vi.fn();
    new Banner(t).show('network', retry);
    expect(document.getElementById('banner-text')?.textContent).toBe('Brak połączenia');
    document.getElementById('banner-retry')?.click();
    expect(retry).toHaveBeenCalledOnce();
    expect(hidden('banner')).toBe(true);
  });

  it('tries again by itself when the network is back', () => {
    const retry = vi.fn();
    new Banner(t).show('network', retry);
    window.dispatchEvent(new Event('online'));
    expect(retry).toHaveBeenCalledOnce();
  });

  it('leads to the login after the session ended', () => {
    new Banner(t).show('session', () => undefined);
    expect(hidden('banner-login')).toBe(false);
    expect(hidden('banner-retry')).toBe(true);
  });
});

it('fills values into sentences', () => {
  expect(makeTexts({ image: 'Obraz {number} z {total}' })('image', { number: 3, total: 58 })).toBe('Obraz 3 z 58');
});

it('reads the config from the page', () => {
  document.body.innerHTML = '<script type="application/json" id="viewer-config">{"base": "/dicom-web/t/x"}</script>';
  expect(readConfig(document).base).toBe('/dicom-web/t/x');
});

it('describes pixels without their alpha', () => {
  expect(describePixels([10, 20, 30, 255], 4)).toEqual({ min: 10, max: 30, mean: 20 });
});
