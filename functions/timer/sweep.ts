// Woken every five minutes: asks every pool to look again, because a message may have been lost. Quiet pools only on the hour.
import { app } from '@azure/functions';
import { sweep } from '../../shared/passes/sweep.js';
import { getServices } from '../../shared/services.js';

app.timer('sweep', { schedule: '0 5-55/5 * * * *', handler: () => sweep(getServices(), { quietPoolsToo: false }) });
app.timer('sweep-every-pool', {
  schedule: '0 0 * * * *',
  handler: () => sweep(getServices(), { quietPoolsToo: true }),
});
