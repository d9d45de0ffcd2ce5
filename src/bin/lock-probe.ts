import { lockChild } from '../ambient/lock-child.ts';

// One of the two processes of a lock probe, which may be killed at any moment.
void lockChild(process.argv.slice(2)).then(process.exit);
