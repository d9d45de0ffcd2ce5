const most = 300;

/**
 * What of a request's target stands in the log: the path. Neither a query, in which tools put what is secret, nor a name
 * and password before a host.
 */
export function loggedPath(target: string): string {
  const path = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]*)?([/*][^?#]*)/i.exec(target)?.[1];
  return path?.slice(0, most) ?? '-';
}
