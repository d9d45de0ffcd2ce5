/** One figure of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\+Inf|-Inf|NaN|[-+]?[0-9.]+(?:e[-+]?[0-9]+)?)$/i;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const types = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];

/**
 * Reads the text format 0.0.4 as strictly as a scraper: each family once, typed before its figures, no figure twice.
 * @throws Error that names the line
 */
export function readExposition(text: string): Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  for (const one of text.split('\n')) {
    if (one === '' || one.startsWith('# HELP ')) continue;
    const [, family, type] = /^# TYPE (\S+) (\S+)$/.exec(one) ?? [];
    if (family !== undefined) {
      if (families.has(family) || !types.includes(type ?? '')) throw new Error(`a family twice or of no type: ${one}`);
      families.set(family, type ?? '');
      continue;
    }
    const sample = readSample(one);
    if (!families.has(sample.name) && families.get(sample.name.replace(/_(bucket|sum|count)$/, '')) !== 'histogram')
      throw new Error(`no type: ${one}`);
    const key = one.slice(0, one.lastIndexOf(' '));
    if (seen.has(key)) throw new Error(`a figure twice: ${one}`);
    seen.add(key);
    samples.push(sample);
  }
  return samples;
}

function readSample(text: string): Sample {
  const [, name, labels = '', value = ''] = line.exec(text) ?? [];
  if (name === undefined) throw new Error(`no figure: ${text}`);
  return { name, labels: readLabels(labels), value: Number(value.replace('Inf', 'Infinity')) };
}

function readLabels(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  label.lastIndex = 0;
  while (label.lastIndex < text.length) {
    const [, name, value] = label.exec(text) ?? [];
    if (name === undefined || value === undefined || name in found) throw new Error(`no labels: ${text}`);
    found[name] = value;
  }
  return found;
}

/** The value of a figure with just these labels. */
export function figure(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const wanted = JSON.stringify(Object.entries(labels).sort());
  const found = samples.filter(
    (one) => one.name === name && JSON.stringify(Object.entries(one.labels).sort()) === wanted,
  );
  return found.length === 1 ? (found[0]?.value ?? Number.NaN) : Number.NaN;
}
