// The one wrapper of every REST operation: request id, authentication, checks, error body and the one log line.
// A handler sees a checked request and says what to answer, or throws a BatchError. Knows no concept.
import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { delay, type Clock } from '../clock.js';
import { BatchError } from '../errors.js';
import { BusUnavailable } from '../queues/bus.js';
import type { Services } from '../services.js';
import { ContinuationUnusable, TableConflict, TableUnavailable } from '../tables/table.js';
import { authenticateCaller, type Principal } from './authentication.js';
import { requireConditions } from './conditions.js';
import { toErrorBody } from './error-body.js';
import { errorCatalogue } from './error-catalogue.js';
import { commonHeaders, jsonContentType, toResponse, type OperationAnswer } from './operation-answer.js';
import {
  readOperationRequest,
  requireApiVersion,
  type OperationOptions,
  type OperationRequest,
} from './operation-request.js';
import { readRequestUrl } from './request-url.js';
import { withinTime } from './within-time.js';

export type { OperationAnswer } from './operation-answer.js';
export type { OperationOptions, OperationRequest } from './operation-request.js';

export type HandleOperation = (request: OperationRequest, services: Services) => Promise<OperationAnswer>;
export type Operation = (request: HttpRequest, context: InvocationContext) => Promise<HttpResponseInit>;
/** `name` is the operation's one name: of its function, its test and its log field. */
export type DefineOperation = (name: string, options: OperationOptions, handle: HandleOperation) => Operation;

const retryAfterSeconds = 2;

/**
 * Makes the wrapper: `const operation = createOperation(getServices)`, then `operation('get-job', {…}, handle)` per function.
 * The services are asked for at the first request, not while functions are registered.
 */
export function createOperation(getServices: () => Services): DefineOperation {
  return (name, options, handle) => async (raw, context) => {
    let services: Services;
    try {
      services = getServices();
    } catch (error) {
      context.error('services could not be made', { operation: name, error });
      return toFailure(internalError(error), raw, context.invocationId, new Date(0));
    }
    const requestId = services.ids.uuid();
    const startedMs = services.clock.monotonicMs();
    const outcome = await answer(name, options, handle, raw, requestId, services);
    logAnswer(services, name, requestId, startedMs, outcome);
    return outcome.response;
  };
}

type Outcome = { readonly response: HttpResponseInit; readonly principal: Principal; readonly failure?: BatchError };

async function answer(
  name: string,
  options: OperationOptions,
  handle: HandleOperation,
  raw: HttpRequest,
  requestId: string,
  services: Services,
): Promise<Outcome> {
  let principal: Principal;
  try {
    const url = readRequestUrl(raw);
    requireApiVersion(url);
    if (options.authentication !== 'byOperation') principal = await authenticateCaller(raw, url, services);
    const request = await readOperationRequest(name, options, raw, url, requestId);
    const { clock } = services;
    const bounded = withinTime(services, clock.monotonicMs() + request.timeoutMs);
    const given = await withinDeadline(clock, request.timeoutMs, handle(request, bounded));
    if (isRead(request.method)) requireConditions(request.conditions, given);
    const response = toResponse(given, request, url);
    const headers = { ...commonHeaders(requestId, request.header), ...response.headers };
    return { response: { ...response, headers }, principal };
  } catch (error) {
    const failure = toBatchError(error);
    return { response: toFailure(failure, raw, requestId, services.clock.now()), principal, failure };
  }
}

// Whatever hangs below, the caller gets an answer before its own patience ends.
async function withinDeadline<T>(clock: Clock, timeoutMs: number, work: Promise<T>): Promise<T> {
  const settled = new AbortController();
  const late = delay(clock, timeoutMs, settled.signal).then(() => {
    throw new BatchError('OperationTimedOut', `The operation took longer than ${timeoutMs} ms.`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    settled.abort();
  }
}

// A lost race or a busy service was retried by the verb already: seen here, it is an outage.
function toBatchError(error: unknown): BatchError {
  if (error instanceof BatchError) return error;
  if (error instanceof ContinuationUnusable) return unknownToken(error);
  const isBusy = error instanceof TableConflict || error instanceof TableUnavailable || error instanceof BusUnavailable;
  return isBusy ? new BatchError('ServerBusy', '', {}, { cause: error }) : internalError(error);
}

// It had the form of one that was given out, and was not.
function unknownToken(cause: unknown): BatchError {
  return new BatchError(
    'InvalidQueryParameterValue',
    'The list cannot be continued: its $skiptoken is not one that was given out.',
    { QueryParameterName: '$skiptoken', Reason: 'Use the odata.nextLink of the page before, unchanged' },
    { cause },
  );
}

function internalError(cause: unknown): BatchError {
  return new BatchError('InternalError', '', {}, { cause });
}

function toFailure(failure: BatchError, raw: HttpRequest, requestId: string, now: Date): HttpResponseInit {
  const status = failure.code === 'ConditionNotMet' && isRead(raw.method) ? 304 : errorCatalogue[failure.code].status;
  const isBodyless = status === 304 || raw.method.toUpperCase() === 'HEAD';
  return {
    status,
    headers: {
      ...commonHeaders(requestId, (name) => raw.headers.get(name)),
      ...(status === 503 && { 'Retry-After': String(retryAfterSeconds) }),
      ...(!isBodyless && { 'Content-Type': jsonContentType }),
    },
    ...(!isBodyless && { body: JSON.stringify(toErrorBody(failure, { baseUrl: baseUrlOf(raw), requestId, now })) }),
  };
}

function baseUrlOf(raw: HttpRequest): string {
  try {
    return readRequestUrl(raw).baseUrl;
  } catch {
    // The URL itself is at fault: there is nothing to link to.
    return '';
  }
}

function isRead(method: string): boolean {
  return ['GET', 'HEAD'].includes(method.toUpperCase());
}

function logAnswer(
  { log, clock }: Services,
  operation: string,
  requestId: string,
  startedMs: number,
  { response, principal, failure }: Outcome,
): void {
  const status = response.status ?? 200;
  const durationMs = Math.round(clock.monotonicMs() - startedMs);
  const fields = { operation, status, requestId, durationMs, ...(principal !== undefined && { principal }) };
  if (failure === undefined) log.info('operation answered', fields);
  else if (status < 500) log.info('operation refused', { ...fields, code: failure.code });
  else log.error('operation failed', { ...fields, code: failure.code, error: failure.cause ?? failure });
}
