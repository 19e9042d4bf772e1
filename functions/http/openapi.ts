// The description of the API. It is the same for everybody and carries no data, so it needs no key.
import { app } from '@azure/functions';
import { describeApi } from '../../shared/api/describe-api.js';

let description: string | undefined;

app.http('get-api-description', {
  methods: ['GET'],
  route: 'openapi.json',
  authLevel: 'anonymous',
  handler: () => {
    description ??= JSON.stringify(describeApi());
    return { status: 200, headers: { 'Content-Type': 'application/json' }, body: description };
  },
});
