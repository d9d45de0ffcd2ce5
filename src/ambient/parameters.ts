import type { AmbientHeader } from './header.ts';

/**
 * Those options of a command that change the light which its indirect values hold. Values of another octree or made with
 * others must not be used: Radiance takes them without a word. Its author's rule (discourse.radiance-online.org, topic
 * 4785) is that whatever may change the indirect light asks for a new file: all options of the ambient calculation, and
 * limits of the rays; `-av` too (compamb(1)). To these belong here: how the light of lamps and of glossy things is found, back faces,
 * mist, photon maps, which materials are left out, and the spectrum. Not: view, size and pixels of the picture; `-i`,
 * which concerns the first ray only; `-u` and `-dj`, which give other noise of the same light; reports.
 */

/** How many values follow an option that an ambient file's header tells; ordered as in the text. */
const told = {
  '-aa': 1,
  '-ab': 1,
  '-ad': 1,
  '-ar': 1,
  '-as': 1,
  '-av': 3,
  '-aw': 1,
  '-cs': 1,
  '-cw': 2,
  '-dc': 1,
  '-dr': 1,
  '-ds': 1,
  '-dt': 1,
  '-lr': 1,
  '-lw': 1,
  '-ss': 1,
  '-st': 1,
} as const;
type Told = keyof typeof told;

/** Options that no header tells, with the value that all programs have for them: in the text only where another is given. */
const silent: Readonly<Record<string, { readonly count: number; readonly usual: string }>> = {
  '-am': { count: 1, usual: '0' },
  '-ma': { count: 3, usual: '0 0 0' },
  '-me': { count: 3, usual: '0 0 0' },
  '-mg': { count: 1, usual: '0' },
};

/** On unless switched off. */
const switches = /^(-bv|-dv)([+1yYtT]|[-0nNfF]|)$/;

const common = '-av 0 0 0 -aw 0 -cs 3 -cw 380 780 -lw 0.0001 -ss 1 -st 0.15';
const rpict = `${common} -aa 0.2 -ab 0 -ad 512 -ar 64 -as 128 -dc 0.5 -dr 1 -ds 0.25 -dt 0.05 -lr 7`;
const rtrace = `${common} -aa 0.1 -ab 0 -ad 1024 -ar 256 -as 512 -dc 0.75 -dr 2 -ds 0.2 -dt 0.03 -lr -10`;
/** What the programs say to `-defaults`. rcontrib is missing: it never opens an ambient file. */
const defaults: Readonly<Record<string, string>> = { rpict, rtrace, mkillum: `${rtrace} -ab 2 -dr 3` };

/**
 * @param program its name; one that is not known is taken for a kind of rpict
 * @param args its arguments, `@file` expanded
 * @returns the options in one order and notation, what is not given as the program has it
 */
export function parametersOf(program: string, args: readonly string[]): string {
  const usual = defaults[Object.hasOwn(defaults, program) ? program : 'rpict'] ?? '';
  return textOf([...usual.split(' '), ...args]);
}

/** The same of the process that made a file, as far as its header tells. */
export function parametersOfHeader({ command, components }: AmbientHeader): string {
  // Radiance before 6.0 neither had nor wrote the options of the spectrum.
  return textOf(['-cw', '380', '780', '-cs', String(components), ...command.split(/\s+/).slice(1)]);
}

/** Null if equal, else what differs: `-ab 1 against -ab 2`. */
export function difference(one: string, other: string): string | null {
  const left = optionsIn(one);
  const right = optionsIn(other);
  const names = [...new Set([...left.keys(), ...right.keys()])].sort();
  const differing = names.filter((name) => left.get(name) !== right.get(name));
  const said = (options: ReadonlyMap<string, string>, name: string) => options.get(name) ?? `no ${name}`;
  return differing.map((name) => `${said(left, name)} against ${said(right, name)}`).join(', ') || null;
}

/** Each option with its values, by its name. */
function optionsIn(text: string): Map<string, string> {
  const parts = text.split(/ (?=-[a-z])/i).filter((part) => part !== '');
  return new Map(parts.map((part) => [part.split(' ', 1)[0] ?? '', part]));
}

function textOf(words: readonly string[]): string {
  const found = new Map<string, string>();
  for (let at = 0; at < words.length; ) at += take(words.slice(at, at + 4), found);
  const left = [...found].filter(([name, value]) => silent[name]?.usual !== value && value !== 'on');
  return left
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name} ${value}`)
    .join(' ');
}

/** @param words an argument and up to three after it @returns how many of them belong together */
function take(words: readonly string[], found: Map<string, string>): number {
  const [name = '', ...rest] = words;
  const switched = switches.exec(name);
  if (switched) {
    found.set(switched[1] ?? '', stateOf(switched[2] ?? '', found.get(switched[1] ?? '')));
    return 1;
  }
  if (name === '-ap') return takePhotonMap(rest, found);
  if (/^-a[iIeE]$/.test(name)) return takeModifier(name, rest[0] ?? '', found);
  const count = Object.hasOwn(told, name) ? told[name as Told] : silent[name]?.count;
  if (count === undefined) return 1;
  found.set(name, numbers(name, rest.slice(0, count)));
  return 1 + count;
}

/** A switch without a sign turns round what was. */
function stateOf(sign: string, before = 'on'): string {
  if (sign === '') return before === 'on' ? 'off' : 'on';
  return /[+1yYtT]/.test(sign) ? 'on' : 'off';
}

/** Several maps may be given, each with one or two numbers after it. */
function takePhotonMap([file = '', ...sizes]: readonly string[], found: Map<string, string>): number {
  const end = sizes.findIndex((word) => !/^\d+$/.test(word));
  const own = end < 0 ? sizes : sizes.slice(0, end);
  found.set('-ap', [found.get('-ap') ?? '', quoted(file), ...own].join(' ').trim());
  return 2 + own.length;
}

/** Lists of materials grow; one of the other kind begins anew. Their order is of no account. */
function takeModifier(name: string, word: string, found: Map<string, string>): number {
  const isInclude = /[iI]/.test(name);
  for (const other of isInclude ? ['-ae', '-aE'] : ['-ai', '-aI']) found.delete(other);
  const names = new Set([...(found.get(name)?.split(' ') ?? []), quoted(word)]);
  found.set(name, [...names].sort().join(' '));
  return 2;
}

/** So that no name can look like an option. */
function quoted(word: string): string {
  return /^[\w./][\w./-]*$/.test(word) ? word : `"${encodeURIComponent(word)}"`;
}

/** As headers have them: six digits, a spectrum from its lower end. */
function numbers(name: string, words: readonly string[]): string {
  const values = words.map((word) => Number(Number(word).toPrecision(6)));
  if (name === '-cw') values.sort((one, other) => one - other);
  // What is below zero counts as zero.
  if (name === '-ar' || name === '-aa') return String(Math.max(0, values[0] ?? 0));
  return values.join(' ');
}
