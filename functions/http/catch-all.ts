// What no other function answers: refused in Batch's form, as the host alone would answer 404 without a body.
import { app } from '@azure/functions';
import { explainUnanswered } from '../../shared/api/explain-unanswered.js';
import { createOperation } from '../../shared/rest/operation.js';
import { getServices } from '../../shared/services.js';

const operation = createOperation(getServices);

app.http('catch-all', {
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
  route: '{*path}',
  authLevel: 'anonymous',
  handler: operation('catch-all', { query: 'any', conditional: true, body: 'ignored' }, (request) =>
    Promise.reject(explainUnanswered(request.method, request.url.slice(request.baseUrl.length))),
  ),
});
