/** Parts of the page that the server always writes; a missing one is a fault of ours and stops the start. */
export function one<T extends HTMLElement = HTMLElement>(selector: string): T {
  const found = document.querySelector<T>(selector);
  if (!found) throw new Error(`missing in the page: ${selector}`);
  return found;
}

export function all<T extends HTMLElement = HTMLElement>(selector: string): T[] {
  return [...document.querySelectorAll<T>(selector)];
}

export function reducedMotion(): boolean {
  return window.matchMedia('(prefers-reduced-motion: reduce)').matches;
}

export function touchDevice(): boolean {
  return window.matchMedia('(pointer: coarse)').matches;
}
