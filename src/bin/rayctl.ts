import process from 'node:process';
import { rayctl } from '../client/rayctl.ts';

void rayctl(process.argv.slice(2), process).then((status) => {
  process.exitCode = status;
});
