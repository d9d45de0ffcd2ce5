import { serveSpawner } from '../../executor/spawner/serve.ts';

process.exit(await serveSpawner());
