import type { Environment } from './environment.ts';

/**
 * Node opens its debugger when it receives USR1: on 127.0.0.1:9229, where every user of the machine may come in and
 * run what he likes with the rights of the process. A listener for USR1 keeps it shut, once it is there; this option
 * does from the first instruction on.
 */
const shut = '--disable-sigusr1';

/** An environment in which no signal opens the debugger of a Node program. */
export function withoutDebugger<Given extends Environment>(environment: Given): Given & { NODE_OPTIONS: string } {
  return { ...environment, NODE_OPTIONS: [shut, ...otherOptions(environment)].join(' ') };
}

/** Takes the option out again: programs that this process starts are none of Node's business. */
export function forgetDebuggerOption(environment: Record<string, string | undefined>): void {
  const others = otherOptions(environment).join(' ');
  if (others === '') delete environment['NODE_OPTIONS'];
  else environment['NODE_OPTIONS'] = others;
}

function otherOptions(environment: Environment): string[] {
  return (environment['NODE_OPTIONS'] ?? '').split(' ').filter((option) => option !== '' && option !== shut);
}
