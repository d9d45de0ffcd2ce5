import { createHash, timingSafeEqual } from 'node:crypto';
import { type Problem, problem } from './problem.ts';

/** Does the header `Authorization` carry the token? Takes the same time wherever the two differ. */
export function bearsToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** @param given whether the request carries any credentials. */
export function unauthorized(given: boolean): Problem {
  const what = given ? 'The token is not the one of this server' : 'This request needs the token of this server';
  return problem(
    401,
    'unauthorized',
    `${what}: send "Authorization: Bearer TOKEN" with the text of the file config/token in the server's home, or use the socket run/submit.sock there.`,
    { 'WWW-Authenticate': 'Bearer realm="rayserver"' },
  );
}

export const unknownPeer: Problem = problem(
  401,
  'unauthorized',
  'The kernel does not say who is at the other end of this socket.',
);
