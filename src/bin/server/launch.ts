import { launch } from '../../daemon/launch.ts';

launch(process.argv.slice(2));
