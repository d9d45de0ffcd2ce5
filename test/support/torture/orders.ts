import { join } from 'node:path';
import type { TaskView } from '../../../src/protocol/api.ts';
import type { Chance } from '../chance.ts';
import { rifOf, type Stage } from './stage.ts';

/** Every so many jobs one is a picture that takes a while. */
const pictureEvery = 8;
/** A task that was lost this often in a row is spared: the fifth time it is given up, as it should be. */
const mostLost = 3;

/** What is submitted as the n-th job: mostly many small frames. Its name is its own. */
export function orderOf(number: number, stage: Stage, chance: Chance): { name: string; body: object } {
  return number % pictureEvery === 0 ? picture(number, stage) : frames(number, stage, chance);
}

function picture(number: number, { lab, project }: Stage): { name: string; body: object } {
  const name = `picture${number}`;
  lab.write(join(project, `${name}.rif`), rifOf(name, 1, 400));
  return { name, body: { kind: 'radiance', project: { path: project }, rif: `${name}.rif`, priority: 1 } };
}

function frames(number: number, { project, frame }: Stage, chance: Chance): { name: string; body: object } {
  const name = `frames${number}`;
  const command = [frame, name, '%d'];
  const list = `1-${chance.whole(10, 60)}`;
  return {
    name,
    body: { kind: 'command', project: { path: project }, name, command, frames: list, priority: number % 3 },
  };
}

export function isEndangered({ state, tried }: TaskView): boolean {
  const lost = tried.length - 1 - tried.findLastIndex(({ ended }) => ended !== 'lost');
  return state !== 'done' && lost >= mostLost;
}
