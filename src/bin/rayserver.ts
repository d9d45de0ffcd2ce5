import { front } from '../daemon/front.ts';

process.exit(await front(process.argv.slice(2)));
