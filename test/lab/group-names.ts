/** What group-checks.ts looks at on the machine `alone`, and groups.test.ts reports. */
export const names = [
  'delegated: procwrap and its spawner leave their group, and doctor says what simulations are held to',
  'delegated: who needs more memory with all its processes than it may have ends with the reason, its neighbour lives',
  'delegated: a scene that needs too much while it is planned is refused with the reason',
  'delegated: a fork bomb comes to its own limit, and its neighbour can fork',
  'delegated: a simulation gets as much processor time as another one, whatever it starts',
  'delegated: a paused simulation stands still, and a cancelled one leaves nothing',
  'delegated: when the spawner was killed, the next one limits as before',
  'delegated: nothing of it is left at the end',
  'delegated: a limit does not hold for the next one where its program could not be started',
  'without the controller memory: doctor says so, and the rest holds',
  'without the right to switch controllers on: doctor says so, and simulations run',
  'not delegated: doctor says so',
  'not delegated: a simulation gets the processor time of all that it starts',
  'not delegated: each process is held to the memory, all together are not',
  'without cells: groups that a simulation has made in its own are removed with it, and the next one is limited as before',
] as const;

export type Name = (typeof names)[number];
