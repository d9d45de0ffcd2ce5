// Writes openapi.json, the description of the job port, from the schemas of the compiled program.
import { readFileSync, writeFileSync } from 'node:fs';

const { openApi } = await import('../build/src/protocol/openapi.js');
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
writeFileSync(new URL('../openapi.json', import.meta.url), `${JSON.stringify(openApi(version), null, 2)}\n`);
