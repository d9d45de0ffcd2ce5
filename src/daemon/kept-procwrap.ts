/** Tells procwrap/start.js that a service manager keeps it: it stays until it is told to leave. */
export const staysVariable = 'RAYSERVER_PROCWRAP_STAYS';

/** Takes it out of the environment, so that no simulation has it. */
export function takeStays(environment: Record<string, string | undefined>): boolean {
  const stays = environment[staysVariable] === '1';
  delete environment[staysVariable];
  return stays;
}
