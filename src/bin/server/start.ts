import { serve } from '../../daemon/serve.ts';

process.exit(await serve(process.env));
