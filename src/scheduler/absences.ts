import { type Job, nameOfProject, type Project } from '../model/job.ts';
import { type Absence, type FarmState, type Host, wakeAfter } from './farm.ts';
import type { Order } from './messages.ts';

/**
 * Projects that a host does not have at the moment, such as those of a file system that is not mounted yet: trouble of
 * the place, which says nothing of their tasks. These wait for other hosts, or until a look shows that it is over.
 */

/** Between the first two looks, ms; then twice as long each time, up to the longest. */
const shortestPause = 1000;
const longestPause = 60_000;

export function isAbsent({ absences }: Host, { project }: Job): boolean {
  return absences.size > 0 && absences.has(nameOfProject(project));
}

/** An attempt found that the host does not have its project: said once, however many do. */
export function missed(farm: FarmState, host: Host, project: Project, why: string): Order[] {
  const name = nameOfProject(project);
  if (host.absences.has(name)) return [];
  const wake = wakeAfter(farm, shortestPause);
  host.absences.set(name, { project, why, looks: 0, wake: wake.wake });
  return [
    { order: 'log', level: 'warn', text: `host ${host.name}: jobs wait: ${why}` },
    wake,
    ...jobsIn(farm, name).map((job): Order => ({ order: 'tell', job })),
  ];
}

/** What the host has seen there. */
export function lookedAt(farm: FarmState, host: Host, project: Project, away: string | null): Order[] {
  const name = nameOfProject(project);
  const absence = host.absences.get(name);
  if (!absence) return [];
  const jobs = jobsIn(farm, name);
  const tell = jobs.map((job): Order => ({ order: 'tell', job }));
  if (away === null) return [found(host, name, `the project ${project.path} is there again`), ...tell];
  if (jobs.length === 0) return [found(host, name, `no job waits for the project ${project.path} any more`)];
  absence.looks += 1;
  const wake = wakeAfter(farm, Math.min(shortestPause * 2 ** absence.looks, longestPause));
  absence.wake = wake.wake;
  if (absence.why === away) return [wake];
  absence.why = away;
  return [wake, ...tell];
}

function found(host: Host, name: string, says: string): Order {
  host.absences.delete(name);
  return { order: 'log', level: 'info', text: `host ${host.name}: ${says}` };
}

/** It is time to look again. A host that is not connected looks when it joins. */
export function lookOnTime(farm: FarmState, wake: number): Order[] {
  return [...farm.hosts.values()].flatMap((host) => lookWhere(host, (absence) => absence.wake === wake, 'again'));
}

/** Somebody wants the job to go on: the next look is now. */
export function lookNow(farm: FarmState, { project }: Job): Order[] {
  const name = nameOfProject(project);
  const isIts = (absence: Absence) => absence.wake !== null && nameOfProject(absence.project) === name;
  return [...farm.hosts.values()].flatMap((host) => lookWhere(host, isIts, 'anew'));
}

/** The host has joined: what it was told to look at before may be lost. */
export function lookAgain(host: Host): Order[] {
  return lookWhere(host, () => true, 'anew');
}

function lookWhere(host: Host, isMeant: (absence: Absence) => boolean, how: 'anew' | 'again'): Order[] {
  if (!host.connected) return [];
  const meant = [...host.absences.values()].filter(isMeant);
  for (const absence of meant) {
    absence.wake = null;
    if (how === 'anew') absence.looks = 0;
  }
  return meant.map(({ project }) => ({ order: 'look', host: host.name, project }));
}

/** Why none of the hosts that are there can work in the job's project; null if one can. */
export function absentEverywhere(farm: FarmState, { project }: Pick<Job, 'project'>): string | null {
  const hosts = [...farm.hosts.values()];
  const name = nameOfProject(project);
  const those = hosts.some(({ connected }) => connected) ? hosts.filter(({ connected }) => connected) : hosts;
  const whys = those.map(({ absences }) => absences.get(name)?.why ?? null);
  return whys.includes(null) ? null : (whys[0] ?? null);
}

function jobsIn({ jobs }: FarmState, name: string): Job[] {
  return [...jobs.values()].filter(({ project }) => nameOfProject(project) === name);
}
