import { attemptKey } from '../model/task.ts';
import type { FromProcwrap } from '../protocol/inner.ts';
import { ahead } from '../scheduler/assign.ts';
import { type FarmState, hostNamed, taken } from '../scheduler/farm.ts';
import type { Happening } from '../scheduler/messages.ts';
import type { FarmOptions } from './options.ts';

/** What procwrap says by itself. */
export type Heard = Exclude<FromProcwrap, { say: 'answer' }>;

type Said<W extends Heard['say']> = Extract<Heard, { say: W }>;

export interface HearingDoors {
  readonly options: Pick<FarmOptions, 'host' | 'slots' | 'log'>;
  readonly farm: FarmState;
  /** The host has joined: whatever it was told before is forgotten there. */
  readonly joined: (host: string) => void;
  /** `urgent` (the default): somebody, or a free slot, waits for what follows. */
  readonly note: (happening: Happening, urgent?: boolean) => void;
}

/** What the host's procwrap says, as what has happened in the farm. */
export function hear(doors: HearingDoors, message: Heard): void {
  const { note } = doors;
  switch (message.say) {
    case 'welcome':
      welcome(doors, message);
      break;
    case 'started':
      for (const { attempt, pid } of message.started)
        note({ what: 'attempt started', attempt: attemptKey(attempt), pid }, false);
      break;
    case 'progressed': {
      const { attempt, fraction } = message;
      note({ what: 'attempt progressed', attempt: attemptKey(attempt), fraction });
      break;
    }
    case 'looked':
      note({ what: 'project looked at', host: doors.options.host, project: message.project, away: message.away });
      break;
    case 'ended':
      for (const end of message.ends) ended(doors, end);
      break;
  }
}

function welcome({ options, joined, note }: HearingDoors, { pid, version, attempts }: Said<'welcome'>): void {
  const { host, slots, log } = options;
  log('info', `procwrap ${pid} (${version}) answers, ${attempts.length} simulations there`);
  joined(host);
  const there = attempts.map(({ attempt, holds }) => ({ key: attemptKey(attempt), holds }));
  note({ what: 'host joined', host, slots, attempts: there });
}

/** Not urgent where the host was given enough ahead. */
function ended(
  { options: { host, slots }, farm, note }: HearingDoors,
  { attempt, outcome, milliseconds }: Said<'ended'>['ends'][number],
): void {
  const key = attemptKey(attempt);
  const job = farm.jobs.get(key.job);
  const urgent = !job || ahead({ slots }, job) < slots || taken(hostNamed(farm, host)) <= slots;
  note({ what: 'attempt ended', host, attempt: key, outcome, milliseconds }, urgent);
}
