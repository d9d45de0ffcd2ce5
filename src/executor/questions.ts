import { Refusal } from '../model/refusal.ts';
import type { Log } from '../protocol/end.ts';
import type { Answer, Question } from '../protocol/inner.ts';
import { examine } from './examine.ts';
import type { OpenFiles } from './files.ts';
import type { Host } from './host.ts';
import { readLog } from './logs.ts';
import { plan } from './planner.ts';
import { checkProject } from './projects.ts';

/** Answers a server's question. It never throws: what goes wrong is an answer, too. */
export async function answer(question: Question, host: Host, files: OpenFiles, log: Log): Promise<Answer> {
  try {
    return await consult(question, host, files);
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', code: error.code, message: error.message };
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log('error', `procwrap: internal error at the question "${question.ask}": ${text}`);
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'refused', code: 'not-ready', message: `Internal error of procwrap: ${message}` };
  }
}

async function consult(question: Question, host: Host, files: OpenFiles): Promise<Answer> {
  switch (question.ask) {
    case 'check':
      return { kind: 'check', found: await checkProject(question.project, host.home) };
    case 'plan':
      return await plan(question.project, question.request, host);
    case 'open':
      return await files.open(question.project, question.path, question.as, host);
    case 'read':
      return { kind: 'read', data: (await files.read(question.handle)).toString('base64') };
    case 'close':
      await files.close(question.handle);
      return { kind: 'close' };
    case 'log':
      return await readLog(question, host);
    case 'examine':
      return { kind: 'examine', findings: await examine(question, host) };
  }
}
