import type { Session } from './session.ts';
import { tableLines } from './table.ts';
import { safe } from './text.ts';

/** `rayctl hosts` */
export async function hosts(session: Session): Promise<number> {
  const list = await session.client.hosts({ signal: session.signal });
  if (session.isJson) {
    session.printJson({ hosts: list });
    return 0;
  }
  const rows = list.map(({ name, slots, running, connected }) => [
    name,
    String(slots),
    String(running),
    connected ? 'connected' : 'away',
  ]);
  const columns = [
    { head: 'HOST' },
    { head: 'SLOTS', align: 'right' as const },
    { head: 'RUNNING', align: 'right' as const },
    { head: 'STATE' },
  ];
  for (const line of tableLines(columns, rows, session.width)) session.print(line);
  return 0;
}

/** `rayctl server` */
export async function server(session: Session): Promise<number> {
  const view = await session.client.server({ signal: session.signal });
  if (session.isJson) {
    session.printJson(view);
    return 0;
  }
  const facts = {
    Server: `rayserver ${view.version} on ${view.host}, port ${view.port}, process ${view.pid}`,
    'Runs as': `${view.user}:${view.group}`,
    Home: view.home,
    Slots: `${view.slots}, ${view.running} running, ${view.waiting} waiting`,
    'You are': view.you,
  };
  for (const [name, value] of Object.entries(facts))
    session.print(`${session.colors.bold(name.padEnd(7))}  ${safe(value)}`);
  return 0;
}
