/**
 * The options of Radiance's programs that we let through, with the values that each takes, so that a value is never
 * taken for an option. Read from the programs' manual pages and sources; what is not here is refused.
 */

/**
 * What a value is. `input` is read, `output` is written, `ambient` is the shared ambient file, `modifier` is a name in
 * the scene, `ratio` is a number or a number after `/`. A `?` at the end: may be missing.
 */
export type ValueKind =
  | 'number'
  | 'whole'
  | 'whole?'
  | 'ratio'
  | 'photons'
  | 'modifier'
  | 'input'
  | 'output'
  | 'ambient';

export type OptionRule =
  | { readonly takes: readonly ValueKind[] }
  /** Ours replaces it. */
  | { readonly takes: readonly ValueKind[]; readonly dropped: true };

type Table = Readonly<Record<string, OptionRule>>;

const numbers = (count: number): OptionRule => ({ takes: Array.from({ length: count }, () => 'number' as const) });
const one = numbers(1);
const three = numbers(3);
const whole: OptionRule = { takes: ['whole'] };
const none: OptionRule = { takes: [] };
const named: OptionRule = { takes: ['modifier'] };
const read: OptionRule = { takes: ['input'] };
const each = (names: string, rule: OptionRule): Record<string, OptionRule> =>
  Object.fromEntries(names.split(' ').map((name) => [name, rule]));

/** Options that switch: `-i`, `-i+`, `-i-` and the other ways to write it. */
const switches = (names: string): Record<string, OptionRule> =>
  each(
    names
      .split(' ')
      .flatMap((name) => ['', ...'+-yYnNtTfF01'].map((state) => name + state))
      .join(' '),
    none,
  );

const views: Table = {
  ...each('-vtv -vtl -vta -vth -vts -vtc', none),
  ...each('-vp -vd -vu', three),
  ...each('-vh -vv -vo -va -vs -vl', one),
  '-vf': read,
};

const rendering: Table = {
  ...switches('-u -i -bv -dv'),
  ...each('-dt -dc -dj -ds -st -ss -lw -aa -mg -ms -am -ac', one),
  ...each('-dr -dp -lr -aw -ar -ad -as -ab', whole),
  ...each('-av -me -ma', three),
  ...each('-ai -ae', named),
  ...each('-aI -aE', read),
  '-aC': { takes: ['photons'] },
  '-af': { takes: ['ambient'] },
  '-ap': { takes: ['input', 'whole?', 'whole?'] },
};

const rpict: Table = {
  ...views,
  ...rendering,
  ...switches('-w'),
  ...each('-ps -x -y -cs', whole),
  ...each('-pt -pj -pa -pm -pd', one),
  ...each('-pRGB -pXYZ', none),
  '-pc': numbers(8),
  '-cw': numbers(2),
  '-z': { takes: ['output'] },
  '-t': { takes: ['whole'], dropped: true },
};

const mkillum: Table = {
  ...rendering,
  '-w': none,
  '-n': { takes: ['whole'], dropped: true },
  // It renders another octree than the views, alone, and keeps what it finds in memory.
  '-af': { takes: ['ambient'], dropped: true },
};

const oconv: Table = { ...each('-f -w', none), ...each('-n -r', whole), '-b': numbers(4), '-i': read };

const pfilt: Table = {
  ...each('-1 -2 -c -a -b', none),
  ...each('-x -y', { takes: ['ratio'] }),
  ...each('-p -e -er -eg -eb -s -h -r -m', one),
  '-n': whole,
  '-f': read,
  '-t': named,
};

const mkpmap: Table = {
  ...switches('-bv -fo -v'),
  ...each('-ai -ae -apo -apo+ -apo- -apo0 -aps', named),
  ...each('-aI -aE -apO -apO+ -apO- -apO0 -apS', read),
  ...each('-apg -apc -apd -apv -apC', { takes: ['output', 'photons'] }),
  '-app': { takes: ['output', 'photons', 'whole'] },
  ...each('-apD -apP -dp -ds -ld -mg', one),
  ...each('-apM -apm -apr -lr', whole),
  ...each('-ma -me', three),
  '-api': numbers(6),
  '-apI': numbers(4),
  ...each('-t -n', { takes: ['whole'], dropped: true }),
};

export const programs = ['oconv', 'mkillum', 'mkpmap', 'rpict', 'pfilt'] as const;
export type ProgramName = (typeof programs)[number];

const tables: Readonly<Record<ProgramName, Table>> = { oconv, mkillum, mkpmap, rpict, pfilt };

/** The rule of an option, null if it is not let through. */
export function optionRule(program: ProgramName, option: string): OptionRule | null {
  const table = tables[program];
  return Object.hasOwn(table, option) ? (table[option] ?? null) : null;
}

/** Whether an option of rpict says how light is computed, not what is seen of it. */
export function isOfLight(option: string): boolean {
  return Object.hasOwn(rendering, option);
}

/** Programs that read options from `@file`. */
export function expandsFiles(program: ProgramName): boolean {
  return program === 'rpict' || program === 'mkillum' || program === 'mkpmap';
}

const refusals: Readonly<Record<string, string>> = {
  '-o': 'where the output goes is not up to it',
  '-ro': 'where the output goes is not up to it',
  '-r': 'where the output goes is not up to it',
  '-z': 'where the output goes is not up to it',
  '-e': 'messages go to the log',
  '-P': 'no process may stay behind',
  '-PP': 'no process may stay behind',
  '-S': 'one picture is made at a time',
};

/** Why an option that is not in the table is refused. */
export function refusalOf(option: string): string {
  return (Object.hasOwn(refusals, option) && refusals[option]) || 'it is not known';
}

const numberText = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const patterns: Readonly<Record<'number' | 'whole' | 'ratio' | 'photons', RegExp>> = {
  number: numberText,
  whole: /^[+-]?\d+$/,
  ratio: /^\/?(?:\d+\.?\d*|\.\d+)$/,
  photons: /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[kKmMgG]?$/,
};

/** Whether a word can be such a value; names are judged elsewhere. */
export function isSuchValue(kind: ValueKind, word: string): boolean {
  switch (kind) {
    case 'number':
    case 'whole':
    case 'ratio':
    case 'photons':
      return patterns[kind].test(word);
    case 'whole?':
      return patterns.whole.test(word);
    case 'modifier':
    case 'input':
    case 'output':
    case 'ambient':
      return !word.startsWith('-');
  }
}
