import { turnPicture } from '../executor/picture.ts';

// An HDR picture on standard input becomes a PNG on standard output.
void turnPicture(0, 1).then(process.exit);
