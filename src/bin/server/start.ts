import { serve } from '../../daemon/serve.ts';

void serve(process.env).then(process.exit);
