import type { ProbeChild, StartChild } from '../../src/ambient/lock-trial.ts';

/** What a stand-in for a lock-probe process says, and whether it ends then by itself. */
export interface Script {
  readonly says: readonly string[];
  readonly ends: boolean;
  /** It ends when it is told to, with TERM too. */
  readonly obeys: boolean;
}

export const good: Readonly<Record<string, Script>> = {
  hold: { says: ['started', 'held'], ends: false, obeys: true },
  try: { says: ['started', 'refused'], ends: true, obeys: true },
  remove: { says: ['started', 'removed'], ends: true, obeys: true },
};

/** Stand-ins by verb; the list names what was done with them, in order. */
export class ProbeChildren {
  readonly seen: string[] = [];
  scripts: Readonly<Record<string, Script>>;

  constructor(scripts: Readonly<Record<string, Script>> = good) {
    this.scripts = scripts;
  }

  readonly start: StartChild = (words, says): Promise<ProbeChild> => {
    const [verb = ''] = words;
    this.seen.push(verb);
    const script = this.scripts[verb];
    if (script === undefined) return Promise.reject(new Error('no such program'));
    let end: () => void = () => {};
    const ended = new Promise<void>((settle) => {
      end = settle;
    });
    const stop = (how: 'gently' | 'at once') => {
      this.seen.push(`${how === 'gently' ? 'TERM' : 'KILL'} ${verb}`);
      if (script.obeys) end();
    };
    for (const line of script.says) says(line);
    if (script.ends) end();
    return Promise.resolve({ stop, ended });
  };
}
