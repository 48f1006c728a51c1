/** Sentences come translated from the server; `{name}` stands for a value. */
export type Texts = (key: string, values?: Record<string, string | number>) => string;

export function makeTexts(known: Record<string, string>): Texts {
  return (key, values = {}) =>
    (known[key] ?? key).replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
