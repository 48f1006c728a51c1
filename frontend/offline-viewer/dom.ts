/** Elements with text only: nothing that came from outside is ever read as markup. */
type Attributes = Record<string, string | boolean>;

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '');
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** path: of a 24 x 24 drawing. */
export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const drawn = document.createElementNS(SVG, 'path');
  drawn.setAttribute('d', path);
  svg.append(drawn);
  return svg;
}

export const ICONS = {
  play: 'M7 5v14l12-7z',
  pause: 'M7 5v14M17 5v14',
  previous: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  plus: 'M5 12h14M12 5v14',
  minus: 'M5 12h14',
  reset: 'M4 4v6h6M5 15a8 8 0 1 0 2-9L4 10',
  invert: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16v16M8.5 7v10M10.5 5v14',
  browse: 'M5 4h14v10H5zM7 17h10M9 20h6',
  window: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2',
  move: 'M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3',
  report: 'M6 3h9l4 4v14H6zM9 11h7M9 15h7',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v6M12 7v1',
  close: 'M6 6l12 12M18 6L6 18',
} as const;
