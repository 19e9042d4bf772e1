// Registers operations with the Functions host: the one place where a definition becomes a function.
import { app } from '@azure/functions';
import { toAnswer, type OperationDefinition } from './rest/operation-definition.js';
import { createOperation } from './rest/operation.js';
import { getServices } from './services.js';

const operation = createOperation(getServices);

/** One HTTP function per operation, of the operation's name. Authentication is the operation's own, not the host's. */
export function serveOperations(definitions: readonly OperationDefinition[]): void {
  for (const definition of definitions) {
    const { name, verb, route } = definition;
    app.http(name, {
      methods: [verb],
      route,
      authLevel: 'anonymous',
      handler: operation(name, definition, async (request, services) =>
        toAnswer(definition, await definition.handle(request, services)),
      ),
    });
  }
}
