import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Check, checkAmbient } from '../../../src/ambient/check.ts';
import { findRadiance, packageDirectory, simulationEnvironment } from '../../../src/executor/installation.ts';
import { type Ended, runCommand } from '../program.ts';

const environment = simulationEnvironment(findRadiance(null, process.env, packageDirectory()), process.env);

/** The ambient files of a project that are in use: those set aside are not. */
export function ambientNames(project: string): string[] {
  return readdirSync(join(project, 'ambfiles')).filter((name) => name.endsWith('.amb'));
}

export async function checkOf(project: string, name: string): Promise<Check> {
  const fd = openSync(join(project, 'ambfiles', name), 'r');
  try {
    return await checkAmbient(fd);
  } finally {
    closeSync(fd);
  }
}

/** Sentences about what is wrong with the ambient files, by our own test and by those of Radiance itself. */
export async function soundAmbients(project: string): Promise<string[]> {
  const names = ambientNames(project);
  const found = await Promise.all(names.map((name) => soundAmbient(project, name)));
  return names.length === 0 ? ['there is no ambient file'] : found.flat();
}

async function soundAmbient(project: string, name: string): Promise<string[]> {
  const { problem, records } = await checkOf(project, name);
  const { stdout } = await startRadiance(project, 'lookamb', ['-h', '-d', `ambfiles/${name}`]);
  const looked = stdout.split('\n').length - 1;
  const all = [
    ...(problem === null ? [] : [problem]),
    ...(looked === records ? [] : [`lookamb finds ${looked} of ${records} records`]),
    ...(await complaints(project, name)),
  ];
  return all.map((one) => `${name}: ${one}`);
}

/** What rpict says when it loads it. */
async function complaints(project: string, name: string): Promise<string[]> {
  const args = `-vp 2 1.5 1.5 -vd 1 1 -.1 -x 8 -y 8 -ab 2 -aa .1 -ad 16 -af ambfiles/${name} octrees/room.oct`;
  const { stderr, status } = await startRadiance(project, 'rpict', args.split(' '));
  return stderr === '' && status === 0 ? [] : [`rpict ends with ${status} and says ${stderr}`];
}

/** Runs a program in a project, as anybody could. */
export function startRadiance(project: string, program: string, args: readonly string[]): Promise<Ended> {
  return runCommand(program, args, { cwd: project, env: environment });
}

/** Sentences about what lies beside the ambient files and should not. */
export function ambientLitter(project: string): string[] {
  const directory = join(project, 'ambfiles');
  const names = readdirSync(directory);
  return names.flatMap((name) => {
    const [own = '', more = ''] = name.split(/(?<=\.amb)/);
    if (own.endsWith('.amb') && ['', '.json'].includes(more)) return [];
    if (!/^\.(damaged|other)-\d+(\.reason)?$/.test(more)) return [`litter: ambfiles/${name}`];
    const reason = join(directory, name.endsWith('.reason') ? name : `${name}.reason`);
    return existsSync(reason) && readFileSync(reason, 'utf8').endsWith('.\n') ? [] : [`${name} has no reason`];
  });
}

/** Files that were set aside, each with its reason. */
export function setAside(project: string): string[] {
  const directory = join(project, 'ambfiles');
  const reasons = readdirSync(directory).filter((name) => name.endsWith('.reason'));
  return reasons.map((name) => `${name}: ${readFileSync(join(directory, name), 'utf8').trim()}`);
}
