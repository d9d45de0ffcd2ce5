import { front } from '../daemon/front.ts';

void front(process.argv.slice(2)).then(process.exit);
