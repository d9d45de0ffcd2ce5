import { serveSpawner } from '../../executor/spawner/serve.ts';

void serveSpawner().then(process.exit);
