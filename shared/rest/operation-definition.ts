// What an operation is, all in one place: how it is asked, what it takes, what it answers, and who handles it. Functions are registered
// from definitions (shared/serve-operations.ts) and the API is described from them (shared/api/). Knows no concept.
import type { z } from 'zod';
import type { Services } from '../services.js';
import type { OperationAnswer, OperationOptions, OperationRequest } from './operation.js';
import type { Success } from './success.js';

export type Verb = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a handler tells; status, metadata and `DataServiceId` follow from the definition. */
export type HandledAnswer = Omit<OperationAnswer, 'status' | 'metadata' | 'dataServiceId'>;

export type OperationDefinition = Omit<OperationOptions, 'query' | 'body'> & {
  /** The operation's one name: of its function, its log field and its test; lower-case with hyphens. */
  readonly name: string;
  readonly verb: Verb;
  /** As the Functions host takes it: `jobs/{jobId}`. */
  readonly route: string;
  /** What it does, as one sentence. */
  readonly summary: string;
  /** Set for what Batch does not have. */
  readonly isExtension?: true;
  /** Query parameters besides `api-version` and `timeout`; `maxresults` brings `$skiptoken`. */
  readonly query?: readonly string[];
  readonly body?: 'required' | 'optional';
  /** What the body is checked with, by the handler. It has an id. Without, a body is taken and not looked at. */
  readonly bodySchema?: z.ZodType;
  /** Headers that the operation reads, besides those of every operation and the conditional ones. */
  readonly reads?: readonly ('ocp-range' | 'Idempotency-Key')[];
  readonly success: Success;
  handle(request: OperationRequest, services: Services): Promise<HandledAnswer>;
};

/** The whole answer of an operation that succeeded. */
export function toAnswer({ success }: Pick<OperationDefinition, 'success'>, handled: HandledAnswer): OperationAnswer {
  return {
    ...handled,
    status: success.status,
    ...(success.metadata !== undefined && { metadata: success.metadata }),
    ...(success.headers.includes('DataServiceId') && { dataServiceId: true }),
  };
}
