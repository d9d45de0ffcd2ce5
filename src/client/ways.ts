import type { ServerAddress } from './address.ts';
import type { Way } from './exchange.ts';
import type { Tunnel } from './tunnel.ts';

/** How a request gets to an address. */

/** Without a tunnel. The token goes where there is no kernel to say who we are. */
export function directWay(address: Exclude<ServerAddress, { by: 'ssh' }>, token: string | null): Way {
  const complaint = async () => null;
  if (address.by === 'unix') {
    const to = { socketPath: address.socket };
    return { name: address.socket, to, secure: false, token: null, complaint };
  }
  const { host, port, text: name } = address;
  return { name, to: { host, port }, secure: address.by === 'https', token, complaint };
}

export function wayThrough({ text: name }: ServerAddress, tunnel: Tunnel): Way {
  const to = { socketPath: tunnel.socket };
  return { name, to, secure: false, token: null, complaint: () => tunnel.complaint() };
}
