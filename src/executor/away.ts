import type { Project } from '../model/job.ts';
import { Refusal, type RefusalCode } from '../model/refusal.ts';
import { isUnreachable, named, refuseIfPassing, sentenceOf, systemWords } from './file-error.ts';

/**
 * A project is not there, or cannot be opened: for who asks, a refusal; for a simulation, trouble of the place that says
 * nothing of its task.
 */
export class Away extends Refusal {
  /** Why a job waits for it, and what to do, in sentences. */
  readonly waits: string;

  /** @param fact begins a sentence; @param mend is the beginning of another one: what to do about it */
  constructor(code: RefusalCode, refusal: string, fact: string, mend: string) {
    super(code, refusal);
    this.waits = `${fact}. ${mend}, and the job goes on by itself; or cancel the job.`;
  }
}

/** What an error at the directory of a project comes to. @throws Refusal not-ready, where it says nothing of that */
export function projectRefusal(project: Project, error: NodeJS.ErrnoException): Refusal {
  const { path } = project;
  const says = error.errno === undefined ? error.message : systemWords(error.errno);
  if (isUnreachable(error)) {
    const fact = `The project ${path} cannot be reached: ${says}`;
    return new Away('not-ready', sentenceOf(named(path, error), project), fact, 'Bring back what it lies on');
  }
  refuseIfPassing(path, error, project);
  switch (error.code) {
    case 'EACCES':
    case 'EPERM': {
      const fact = `The project ${path} cannot be read: ${says}`;
      return new Away('project-not-readable', `Project not readable: ${path}`, fact, 'Mount it or make it readable');
    }
    case 'EXDEV':
      return absent(project, 'a link on the way leads out of the location', 'Put it back');
    case 'ENOTDIR':
      return absent(project, 'it is not a directory', 'Put it back');
    case 'ENOENT':
      return absent(project, '', 'Mount it');
    default:
      return absent(project, says, 'Mount it');
  }
}

/** @param why begins without a capital; '' if there is no more to say. @param mend as in {@link Away} */
export function absent(project: Project, why: string, mend: string): Away {
  const none = `No such project "${project.location === null ? project.path : project.rest}".`;
  const refusal = why === '' ? none : `${none} ${why[0]?.toUpperCase()}${why.slice(1)}.`;
  const fact = `The project ${project.path} is not there`;
  return new Away('no-such-project', refusal, why === '' ? fact : `${fact}: ${why}`, mend);
}
