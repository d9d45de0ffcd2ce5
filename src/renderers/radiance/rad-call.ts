import type { Rif } from './rif.ts';

/**
 * The call of rad that prints the plan. rad leaves out what is up to date and has no option against it, so it is given
 * names at which nothing exists; they are turned back in what it prints. For a scene without `ZONE=` it may really make
 * the octree under such a name, and it really writes the options file: whoever runs it removes `litter` + `*` afterwards.
 */
export interface RadCall {
  /** Words after `rad`. */
  readonly args: readonly string[];
  /** Every file that the call may leave in the project begins with this, relative to the project. */
  readonly litter: string;
  readonly octree: string;
  readonly picture: string;
  readonly raw: string | null;
  readonly optionFile: string | null;
}

/** Of every file that a call of rad leaves in a project. */
export const planPrefix = 'proc/plan-';

/** @param id letters and digits that nobody else uses in this project now */
export function radCall(rif: Rif, id: string): RadCall {
  if (!/^[A-Za-z0-9]+$/.test(id)) throw new RangeError(`not an id: ${id}`);
  const litter = `${planPrefix}${id}.`;
  const picture = `${litter}pic`;
  const names = {
    // Without a scene, OCTREE is an input: rad must see the real one.
    octree: rif.scene.length > 0 ? `${litter}all.oct` : rif.octree,
    picture,
    // rad leaves the filter out where both names are the same.
    raw: rif.raw === null ? null : rif.raw === rif.picture ? picture : `${litter}raw`,
    optionFile: rif.optionFile === null ? null : `${litter}opt`,
  };
  const args = ['-w', '-n', '-e', rif.file];
  for (const { variable, value } of rif.set) args.push(`${variable}=${value}`);
  if (rif.scene.length > 0) args.push(`OCTREE=${names.octree}`);
  args.push(`PICTURE=${names.picture}`);
  if (names.raw !== null) args.push(`RAWFILE=${names.raw}`);
  if (names.optionFile !== null) args.push(`OPTFILE=${names.optionFile}`);
  // Reports go where we want them: a file named there would take all messages.
  if (rif.report) args.push('REPORT=1');
  return { args, litter, ...names };
}

/** The octrees that rad makes on the way for illum: `room.oct` gives `room0.oct` and `room1.oct`. */
export function numberedOctree(octree: string, digit: '0' | '1'): string {
  const slash = octree.lastIndexOf('/');
  const dot = octree.lastIndexOf('.');
  const end = dot > slash ? dot : octree.length;
  return `${octree.slice(0, end)}${digit}${octree.slice(end)}`;
}

/** Turns a name of the call back into the project's own; other names are left as they are. */
export function realName(name: string, call: RadCall, rif: Rif): string {
  if (name === call.octree) return rif.octree;
  for (const digit of ['0', '1'] as const) {
    if (name === numberedOctree(call.octree, digit)) return numberedOctree(rif.octree, digit);
  }
  if (call.raw !== null && call.raw !== call.picture && name.startsWith(`${call.raw}_`)) {
    return `${rif.raw}${name.slice(call.raw.length)}`;
  }
  if (name.startsWith(`${call.picture}_`)) return `${rif.picture}${name.slice(call.picture.length)}`;
  return name;
}
