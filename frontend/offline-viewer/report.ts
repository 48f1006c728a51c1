import type { Examination, Report } from './data';
import { make } from './dom';
import type { Texts } from './texts';

/** Pages as pictures with their text beside them for screen readers; texts as paragraphs. */
export function fillReport(place: HTMLElement, examination: Examination, t: Texts, close: HTMLElement): void {
  place.replaceChildren(close, ...examination.reports.flatMap((report) => one(report, t)));
}

function one(report: Report, t: Texts): HTMLElement[] {
  const found: HTMLElement[] = [make('h2', {}, report.title), make('p', { class: 'date' }, report.date)];
  for (const part of report.parts) {
    if (part.heading) found.push(make('h3', {}, part.heading));
    found.push(...part.paragraphs.map((text) => make('p', { class: 'text' }, text)));
  }
  for (const [index, name] of report.pages.entries()) {
    const text = report.alternatives[index] || t.get('report_page', { number: index + 1 });
    const inside = document.querySelector(`script[data-page="${name}"]`);
    const source = inside ? `data:image/png;base64,${inside.textContent ?? ''}` : name;
    found.push(make('img', { src: source, alt: text, loading: 'lazy', class: 'page' }));
  }
  if (report.elsewhere) found.push(make('p', {}, t.get('report_file')));
  return found;
}
