import { skip } from '../skip.ts';
import { makeStage, type Stage } from '../torture/stage.ts';
import { Faults, noCompiler } from './faults.ts';

export interface FailingStage {
  readonly stage: Stage;
  readonly faults: Faults;
  close(): Promise<void>;
}

/** A stage, and a library that can make calls fail on files of these directories of it. Skips where there can be none. */
export async function makeFailingStage(
  context: Mocha.Context,
  directories: (stage: Stage) => readonly string[],
): Promise<FailingStage> {
  const why = noCompiler();
  if (why !== null) skip(context, why);
  const stage = await makeStage();
  const faults = new Faults(stage.lab.directory, directories(stage));
  const close = async () => {
    faults.close();
    await stage.lab.close();
  };
  return { stage, faults, close };
}
