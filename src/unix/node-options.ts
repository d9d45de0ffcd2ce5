import type { Environment } from './environment.ts';

/**
 * What our own Node programs are started with.
 *
 * Node opens its debugger when it receives USR1: on 127.0.0.1:9229, where every user of the machine may come in and
 * run what he likes with the rights of the process. A listener for USR1 keeps it shut, once it is there; the option
 * does from the first instruction on.
 *
 * V8 lets what is young grow to 16 MB before it looks for garbage there, and gives that back late: of processes that
 * live for weeks beside renderers less is wanted. With 1 MB eight of a hundred tasks a second were lost to collecting garbage.
 *
 * It has four threads of its own by default, among which it divides even the little garbage of these processes: waking
 * them cost more than they did, eight of a hundred tasks a second. One compiles beside the program.
 */
const own = ['--disable-sigusr1', '--max-semi-space-size=4', '--v8-pool-size=1'];

/** An environment with these options, before those that are there. */
export function withNodeOptions<Given extends Environment>(environment: Given): Given & { NODE_OPTIONS: string } {
  return { ...environment, NODE_OPTIONS: [...own, ...otherOptions(environment)].join(' ') };
}

/** Takes them out again: programs that this process starts are none of Node's business. */
export function forgetNodeOptions(environment: Record<string, string | undefined>): void {
  const others = otherOptions(environment).join(' ');
  if (others === '') delete environment['NODE_OPTIONS'];
  else environment['NODE_OPTIONS'] = others;
}

function otherOptions(environment: Environment): string[] {
  return (environment['NODE_OPTIONS'] ?? '').split(' ').filter((option) => option !== '' && !own.includes(option));
}
