// Which stack a suite of clients talks to: the one that all of them share (test:clients), or one of its own (npm test).
import { inject } from 'vitest';
import { clientsSettings } from './clients-settings.js';
import { speakRest, startRestStack, type RestEndpoint, type RestStack } from '../e2e/rest-stack.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Absent where nobody started a stack for all. */
    clientsEndpoint?: RestEndpoint;
  }
}

/** `stop` leaves a shared stack alone. */
export async function useStack(): Promise<RestStack> {
  const endpoint = inject('clientsEndpoint');
  if (endpoint === undefined) return startRestStack(clientsSettings);
  // Whoever started it has its answers checked.
  return { ...(await speakRest(endpoint)), endpoint, unexercised: () => [], stop: () => Promise.resolve() };
}
