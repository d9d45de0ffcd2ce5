import { fileURLToPath } from 'node:url';

/*
 * Where the spawners are. This file lies as deep as build/program/bin, into which scripts/bundle.mjs puts whole
 * programs: from both the way is the same.
 */

/** The C program, where it was built. */
export const compiledSpawner = fileURLToPath(new URL('../../spawner', import.meta.url));
/** The program for Node. */
export const nodeSpawner = fileURLToPath(new URL('../bin/spawner/start.js', import.meta.url));
