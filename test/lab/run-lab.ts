import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { top } from '../support/program.ts';

/** What a lab ends with where this machine cannot do it; its last line says why. */
export const CANNOT = 77;

export interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

/** @param program - in test/lab. Interrupted, a lab takes its machines with it. */
export function runLab(program: string, seconds: number, ...args: string[]): Promise<Ended> {
  return new Promise((settle, fail) => {
    const child = spawn(join(top, 'test/lab', program), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { output: '', errors: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.errors += text;
    });
    const timer = setTimeout(() => child.kill('SIGTERM'), seconds * 1000);
    child.once('error', fail);
    child.once('close', (status) => {
      clearTimeout(timer);
      settle({ status, ...said });
    });
  });
}

/** Why this machine cannot do it. */
export const whyNot = ({ errors }: Ended): string =>
  errors.trim().split('\n').at(-1)?.replace('lab: ', '') ?? 'it does not say why';
