// Whether the app answers at all, for load balancers and deployments. Needs no key, so it carries no data.
import { app } from '@azure/functions';

app.http('health', {
  methods: ['GET'],
  route: 'health',
  authLevel: 'anonymous',
  handler: () => ({ status: 200 }),
});
