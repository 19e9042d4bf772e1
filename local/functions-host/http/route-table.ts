// All routes of an app: finds the function a method and a raw path belong to.
import type { HostedFunction, HttpTrigger } from '../app/triggers.js';
import {
  compareRoutes,
  matchRoute,
  parseRouteTemplate,
  type RouteParams,
  type RouteTemplate,
} from './route-template.js';

export type HttpFunction = HostedFunction<HttpTrigger>;
export type RouteMatch = { readonly httpFunction: HttpFunction; readonly params: RouteParams };
export type RouteTable = { find(method: string, rawPath: string): RouteMatch | undefined };

/**
 * Builds the table; `routePrefix` is that of host.json, '' for none. A route whose method does not match is passed over for the
 * next one, so that a catch-all sees what no other function answers. Throws an Error when two functions claim the same.
 */
export function createRouteTable(functions: readonly HttpFunction[], routePrefix: string): RouteTable {
  const routes = functions
    .map((httpFunction) => ({
      httpFunction,
      template: parseRouteTemplate(`${routePrefix}/${httpFunction.trigger.route}`),
    }))
    .sort((one, other) => compareRoutes(one.template, other.template));
  refuseDuplicates(routes);
  return {
    find(method, rawPath) {
      for (const { httpFunction, template } of routes) {
        if (!httpFunction.trigger.methods.includes(method)) continue;
        const params = matchRoute(template, rawPath);
        if (params !== undefined) return { httpFunction, params };
      }
      return undefined;
    },
  };
}

function refuseDuplicates(routes: readonly { httpFunction: HttpFunction; template: RouteTemplate }[]): void {
  const seen = new Map<string, string>();
  for (const { httpFunction, template } of routes) {
    for (const method of httpFunction.trigger.methods) {
      // Parameters match the same whatever they are called.
      const shape = `${method} ${template.text.toLowerCase().replace(/\{(\*{0,2})[^{}]*?(\??)\}/g, '{$1$2}')}`;
      const earlier = seen.get(shape);
      if (earlier !== undefined && earlier !== httpFunction.name) {
        throw new Error(`Functions '${earlier}' and '${httpFunction.name}' both answer ${method} ${template.text}`);
      }
      seen.set(shape, httpFunction.name);
    }
  }
}
