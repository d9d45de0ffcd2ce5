import type { Finding, HostSettings } from '../../protocol/inner.ts';
import { editSettings } from '../mends.ts';
import type { Level } from './level.ts';

const what = 'containment';
const less = 'simulations see all files and processes that their user may see, and the network';

/** How far simulations are contained, and how to get to the next level. `look` makes a cell, to see whether it can. */
export async function containmentFinding(
  services: HostSettings['services'],
  home: string,
  look: () => Promise<Level>,
): Promise<Finding> {
  const off = Object.entries(services).flatMap(([name, { mode }]) => (mode === 'off' ? [name] : []));
  if (off.length === Object.keys(services).length) {
    const says = `Simulations are not contained (setting "sandbox.mode" is "off"): ${less}.`;
    return { what, level: 'warning', says, mend: editSettings(home) };
  }
  const level = await look();
  if (level.is === 'process') return without(level, services);
  const says = `Simulations run in cells (${level.bubblewrap}): of this host's files they see their project, the programs, and little else.`;
  if (off.length === 0) return { what, level: 'ok', says, mend: null };
  const but = `Those of ${off.join(', ')} do not (setting "sandbox.mode" is "off").`;
  return { what, level: 'warning', says: `${says} ${but}`, mend: editSettings(home) };
}

function without({ why, mend }: Extract<Level, { is: 'process' }>, services: HostSettings['services']): Finding {
  const isRequired = Object.values(services).some(({ mode }) => mode === 'require');
  if (isRequired) return { what, level: 'error', says: `Simulations cannot be contained, and must be: ${why}.`, mend };
  return { what, level: 'warning', says: `Simulations have no cells, so that ${less}: ${why}.`, mend };
}
