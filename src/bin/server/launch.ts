import { launch } from '../../daemon/launcher.ts';

launch(process.argv.slice(2));
