import process from 'node:process';
import { rayctl } from '../client/rayctl.ts';

process.exitCode = await rayctl(process.argv.slice(2), process);
