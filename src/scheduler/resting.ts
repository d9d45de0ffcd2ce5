import type { Job, JobHead } from '../model/job.ts';
import { absentEverywhere } from './absences.ts';
import { type FarmState, wakeAfter } from './farm.ts';
import type { Order } from './messages.ts';

/** Jobs that wait for something outside, such as room on a disk or another rayserver, and when they try again. */

/** How long a job waits before it tries again. */
export const restMilliseconds = 5000;

/** The job waits; others of its attempts may come back for the same reason. */
export function rest(farm: FarmState, { id }: Job, why: string): Order[] {
  const waits = farm.resting.get(id)?.wake ?? null;
  if (waits !== null) return [];
  const order = wakeAfter(farm, restMilliseconds);
  farm.resting.set(id, { wake: order.wake, why });
  return [order];
}

/** Who was to wait until now tries again. Why he waited is known until he has tried. */
export function restedOnTime(farm: FarmState, wake: number): void {
  for (const [id, resting] of farm.resting) if (resting.wake === wake) farm.resting.set(id, { ...resting, wake: null });
}

/** Somebody wants it to try again now. */
export function restedNow(farm: FarmState, { id }: Job): void {
  const resting = farm.resting.get(id);
  if (resting) farm.resting.set(id, { ...resting, wake: null });
}

export function isResting(farm: FarmState, { id }: Job): boolean {
  return (farm.resting.get(id)?.wake ?? null) !== null;
}

/** What outside keeps a job from going on, for people; null if nothing does. */
export function waitsFor(farm: FarmState, job: Pick<JobHead, 'id' | 'project'>): string | null {
  if (!farm.jobs.has(job.id)) return null;
  return absentEverywhere(farm, job) ?? farm.resting.get(job.id)?.why ?? null;
}
