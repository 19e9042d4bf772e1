// Asking a list operation as clients do, without the network: page after page by its continuations.
import type { HandledAnswer, OperationDefinition } from '../../../shared/rest/operation-definition.js';
import type { OperationRequest } from '../../../shared/rest/operation.js';
import type { Services } from '../../../shared/services.js';

export type Listed = { readonly items: readonly object[]; readonly requests: number };

/** Everything that the operation `name` lists. Fails when a page is larger than `limit`. */
export async function listThrough(
  definitions: readonly OperationDefinition[],
  name: string,
  services: Services,
  params: Readonly<Record<string, string>>,
  query: Readonly<Record<string, string>> = {},
  limit = 1000,
): Promise<Listed> {
  const items: object[] = [];
  let requests = 0;
  let continuation: string | undefined;
  do {
    const page = { limit, ...(continuation !== undefined && { continuation }) };
    const { list } = await askThrough(definitions, name, services, params, query, page);
    if (list === undefined || list.items.length > limit) throw new Error(`'${name}' gave no page of at most ${limit}`);
    items.push(...(list.items as readonly object[]));
    requests += 1;
    continuation = list.continuation;
  } while (continuation !== undefined);
  return { items, requests };
}

/** One page of what the operation `name` lists. */
export async function askThrough(
  definitions: readonly OperationDefinition[],
  name: string,
  services: Services,
  params: Readonly<Record<string, string>>,
  query: Readonly<Record<string, string>>,
  page: OperationRequest['page'],
): Promise<HandledAnswer> {
  return named(definitions, name).handle(toRequest(name, params, query, page), services);
}

/** What the operation `name` answers to one request. */
export async function handleThrough(
  definitions: readonly OperationDefinition[],
  name: string,
  services: Services,
  params: Readonly<Record<string, string>>,
): Promise<HandledAnswer> {
  return named(definitions, name).handle(toRequest(name, params, {}, { limit: 1000 }), services);
}

function named(definitions: readonly OperationDefinition[], name: string): OperationDefinition {
  const definition = definitions.find((each) => each.name === name);
  if (definition === undefined) throw new Error(`There is no operation '${name}'`);
  return definition;
}

function toRequest(
  operation: string,
  params: Readonly<Record<string, string>>,
  query: Readonly<Record<string, string>>,
  page: OperationRequest['page'],
): OperationRequest {
  return {
    operation,
    method: 'GET',
    params,
    param: (name) => params[name] ?? '',
    query: (name) => query[name],
    flag: () => false,
    header: () => undefined,
    json: undefined,
    requestId: 'request',
    baseUrl: 'http://h:1',
    url: 'http://h:1/list',
    conditions: {},
    apiVersion: '2022-10-01.16.0',
    timeoutMs: 30_000,
    page,
  };
}
