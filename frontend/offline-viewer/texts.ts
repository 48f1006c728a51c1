import type { Data } from './data';

/** The sentences of the language in use. */
export class Texts {
  language: string;

  constructor(private readonly data: Data) {
    this.language = data.texts[data.language] ? data.language : 'pl';
  }

  get = (key: string, values: Record<string, string | number> = {}): string => {
    const text = this.data.texts[this.language]?.[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };

  images(count: number): string {
    const form = new Intl.PluralRules(this.language).select(count);
    return this.get(`images_${form}`, { n: count });
  }
}
