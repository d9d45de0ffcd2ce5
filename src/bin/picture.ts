import { turnPicture } from '../executor/picture.ts';

// An HDR picture on standard input becomes a PNG on standard output.
process.exit(await turnPicture(0, 1));
