import type { RadianceRequest } from '../../model/job.ts';
import { Refusal } from '../../model/refusal.ts';
import {
  type Assignment,
  type Assignments,
  allWords,
  collect,
  lastValue,
  readAssignments,
  readSetting,
  type VariableName,
  wordsOf,
} from './variables.ts';
import { ambientName, inputName, outputName, requirePlain, shown } from './words.ts';

/** What a simulation description (.rif) says, as far as we must know it before rad is asked. */
export interface Rif {
  /** File name in the project directory, and that without its last suffix. */
  readonly file: string;
  readonly root: string;
  /** Absolute; only to tell what lies below it. */
  readonly directory: string;
  readonly octree: string;
  /** Roots of pictures: `_VIEW.hdr` is added. */
  readonly picture: string;
  readonly raw: string | null;
  readonly depth: string | null;
  readonly ambient: string | null;
  readonly optionFile: string | null;
  /** Progress reports are asked for, perhaps into a file. */
  readonly report: boolean;
  readonly materials: readonly string[];
  readonly scene: readonly string[];
  readonly objects: readonly string[];
  readonly illum: readonly string[];
  /** Names of the views, in rad's order; a view without a name is called by its number. */
  readonly views: readonly string[];
  /** `--set` of variables that name no file of ours, for rad's command line. */
  readonly set: readonly Assignment[];
}

/** Variables that we give rad ourselves. */
const ours: ReadonlySet<VariableName> = new Set(['OCTREE', 'PICTURE', 'RAWFILE', 'OPTFILE', 'REPORT']);

/**
 * Reads a simulation description. Nothing in it has been given to any program yet.
 * @param text the file's content
 * @param directory the project's absolute path
 * @throws Refusal `unreadable-rif`, `plan-refused` or `malformed`
 */
export function readRif(text: string, request: Pick<RadianceRequest, 'rif' | 'set'>, directory: string): Rif {
  const file = requireFileName(request.rif);
  const root = file.replace(/(?<=.)\.[^.]*$/, '');
  if (text.includes('\0')) throw new Refusal('unreadable-rif', `${file} contains NUL bytes: it is no text.`);
  const settings = request.set.map(({ variable, value }) => readSetting(variable, value));
  const values = collect([...readAssignments(text, file), ...settings]);
  for (const [variable, given] of values) for (const value of given) requirePlainValue(file, variable, value);
  const output = (variable: VariableName, judge = outputName): string | null => {
    const name = lastValue(values, variable);
    return name === null ? null : judge(`${file}: ${variable}`, name, directory);
  };
  return {
    file,
    root,
    directory,
    octree: output('OCTREE') ?? `${root}.oct`,
    picture: output('PICTURE') ?? root,
    raw: output('RAWFILE'),
    depth: output('ZFILE'),
    ambient: output('AMBFILE', ambientName),
    optionFile: output('OPTFILE'),
    report: values.has('REPORT'),
    ...inputs(values, file, directory),
    views: viewNames(values, file),
    set: settings.filter(({ variable }) => !ours.has(variable)),
  };
}

/** @throws Refusal if it is no plain file name in the project directory */
export function requireFileName(name: string): string {
  if (name.includes('/')) throw new Refusal('malformed', `${shown(name)} is not a file name in the project directory.`);
  return inputName('The name of the .rif', name, '/');
}

/** rad hands the values of some variables to a shell, so all must be plain before it sees them. */
function requirePlainValue(file: string, variable: VariableName, value: string): void {
  if (variable === 'rvu') return;
  const what = `${file}: ${variable}`;
  const quoted = lastValue(new Map([[variable, [value]]]), variable);
  const oneName = ['AMBFILE', 'OCTREE', 'OPTFILE', 'PICTURE', 'RAWFILE', 'ZFILE'].includes(variable);
  if (oneName) outputName(what, quoted ?? '', '/');
  else for (const word of wordsOf(value)) requirePlain(what, word);
}

function inputs(
  values: Assignments,
  file: string,
  directory: string,
): Pick<Rif, 'materials' | 'scene' | 'objects' | 'illum'> {
  const names = (variable: VariableName): string[] =>
    allWords(values, variable).map((name) => inputName(`${file}: ${variable}`, name, directory));
  return { materials: names('materials'), scene: names('scene'), objects: names('objects'), illum: names('illum') };
}

/** rad keeps 31 characters for a view's name. */
const longestViewName = 31;

function viewNames(values: Assignments, file: string): string[] {
  const views = values.get('view') ?? [];
  if (views.length === 0) return ['X'];
  return views.map((view, index) =>
    view.startsWith('-') ? `${index + 1}` : requireViewName(file, wordsOf(view)[0] ?? ''),
  );
}

function requireViewName(file: string, name: string): string {
  requirePlain(`${file}: a view's name`, name);
  if (name.includes('/')) throw new Refusal('plan-refused', `${file}: the view's name ${shown(name)} contains "/".`);
  if (Buffer.byteLength(name) > longestViewName) {
    throw new Refusal(
      'plan-refused',
      `${file}: the view's name ${shown(name)} is longer than ${longestViewName} characters.`,
    );
  }
  return name;
}
