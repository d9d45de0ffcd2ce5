import type { PictureSink, RunDeed } from '../model/task.ts';
import { performLit } from './indirect/perform-lit.ts';
import { beginPicture, finishPicture, removeLeftBehind } from './partial.ts';
import type { Performed, Scene } from './perform.ts';
import { patiently } from './scarcity.ts';

/**
 * Runs rpict, from where an earlier attempt was lost if there is something of it.
 * @throws FileError if its files cannot be opened
 */
export async function paint(deed: RunDeed, sink: PictureSink, scene: Scene): Promise<Performed> {
  const { directory, env, reins, papers, clock } = scene;
  const begun = await patiently(
    () => beginPicture(directory, deed, sink, env),
    clock,
    () => !reins.ending,
  );
  const { from } = begun;
  if (from) await papers.log.write(`# goes on after scan line ${from.lines} of ${from.height}\n`);
  let performed: Performed;
  try {
    performed = await performLit(begun.deed, scene);
  } finally {
    await removeLeftBehind(directory, sink);
  }
  // One that was told to end may do so with status 0: what it wrote is not whole for that.
  if (!performed.outcome && !reins.ending) finishPicture(directory, sink, from);
  return performed;
}
