// Requests at the operations of the app: mostly nearly right, so that they get far, and with something odd in one place or another.
import fc from 'fast-check';
import { bodiesOf } from './arbitrary-body.js';
import { authentication, contentType, header, jsonType } from './arbitrary-headers.js';
import { pathOf, type KnownIds } from './arbitrary-path.js';
import { parameter, versions, type FuzzOperation } from './arbitrary-query.js';
import type { FuzzRequest } from './fuzz-request.js';
import { oneOf, weighted } from './one-of.js';

const { constant, constantFrom, array } = fc;

/** A request at one of `operations`. */
export function arbitraryRequest(operations: readonly FuzzOperation[], ids: KnownIds): fc.Arbitrary<FuzzRequest> {
  // Not by cross-shrinking: a request that fails stays at its operation.
  return fc.oneof(...operations.map((operation) => requestAt(operation, ids)));
}

/** Up to `maxLength` of `each`, in `weight` of ten cases. */
const someOf = <T>(each: fc.Arbitrary<T>, maxLength: number, weight: number): fc.Arbitrary<T[]> =>
  oneOf(weighted(10 - weight, constant<T[]>([])), weighted(weight, array(each, { minLength: 1, maxLength })));

function requestAt(operation: FuzzOperation, ids: KnownIds): fc.Arbitrary<FuzzRequest> {
  const { method, route } = operation;
  const someMethod = oneOf(
    weighted(40, constant(method)),
    weighted(1, constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS')),
  );
  return fc
    .record({
      method: someMethod,
      path: pathOf(route, ids),
      version: versions,
      // What takes none is refused with any.
      parameters: someOf(parameter(operation), 3, operation.parameters.length > 0 ? 5 : 1),
      headers: someOf(header, 2, 3),
      type: contentType,
      body: bodiesOf(operation, ids),
      authentication,
    })
    .map(({ path, version, parameters, headers, type, body: content, ...rest }) => ({
      ...rest,
      target: `${path}?${[version, ...parameters].filter((part) => part !== '').join('&')}`,
      headers: {
        ...((content !== undefined || type !== jsonType) && { 'content-type': type }),
        ...Object.fromEntries(headers),
      },
      ...(content !== undefined && { body: content }),
    }));
}

/** A request as an ordinary client sends it: signed, without anything odd but what is in its body. */
export function plainRequest(operations: readonly FuzzOperation[], ids: KnownIds): fc.Arbitrary<FuzzRequest> {
  return fc.oneof(
    ...operations.map((operation) =>
      // What changes something comes more often than what only looks.
      weighted(
        ['GET', 'HEAD'].includes(operation.method) ? 1 : 4,
        requestAt({ ...operation, parameters: [] }, ids).map((request) => plain(request, operation.method)),
      ),
    ),
  );
}

const plain = ({ target, body }: FuzzRequest, method: string): FuzzRequest => ({
  method,
  target: `${target.split('?')[0]}?api-version=2022-10-01.16.0`,
  headers: body === undefined ? {} : { 'content-type': jsonType },
  ...(body !== undefined && { body }),
  authentication: 'signed',
});
