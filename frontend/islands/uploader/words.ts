const DAY = { day: '2-digit', month: '2-digit', year: 'numeric' } as const;

/** Sentences come translated from the server; numbers and sizes are written here. */
export class Words {
  private readonly plural: Intl.PluralRules;

  constructor(
    private readonly known: Record<string, string>,
    private readonly language: string,
  ) {
    this.plural = new Intl.PluralRules(language);
  }

  say(key: string, values: Record<string, string | number> = {}): string {
    return (this.known[key] ?? '').replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  }

  count(noun: 'files' | 'minutes', n: number): string {
    const form = this.plural.select(n);
    return this.say(`${noun}_${form}`, { n: new Intl.NumberFormat(this.language).format(n) });
  }

  bytes(number: number): string {
    const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
    let at = 0;
    let value = number;
    while (value >= 1024 && at < units.length - 1) {
      value /= 1024;
      at += 1;
    }
    const maximumFractionDigits = value < 10 && at > 0 ? 1 : 0;
    const style = { style: 'unit', unit: units[at] ?? 'byte', unitDisplay: 'short', maximumFractionDigits } as const;
    return new Intl.NumberFormat(this.language, style).format(value);
  }

  /** ISO day, as it stands in a file; anything else as it is. */
  date(iso: string): string {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(iso)) return iso;
    return new Intl.DateTimeFormat(this.language, { ...DAY, timeZone: 'UTC' }).format(new Date(`${iso}T00:00:00Z`));
  }
}
