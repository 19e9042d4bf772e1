// What a function that is run by hand is called with: the admin call's text in place of a message, or a timer's payload.
import type { Clock } from '../../shared/clock.js';
import type { InvocationRequest } from './app/core-api.js';
import type { HostedFunction } from './app/triggers.js';
import { batchRequest, singleRequest } from './service-bus/trigger-data.js';
import { timerPayload, timerRequest } from './timers/start-timer.js';

/** The request of one run with `input`; undefined for an HTTP function, which is called by its route. */
export function requestByHand(
  { bindingName, trigger }: HostedFunction,
  input: string,
  { clock, keepEmpty }: { clock: Clock; keepEmpty: boolean },
): InvocationRequest | undefined {
  switch (trigger.kind) {
    case 'http':
      return undefined;
    case 'timer':
      return timerRequest(bindingName, timerPayload(undefined, clock.now(), false));
    case 'serviceBus': {
      const message = { body: input, enqueuedTimeUtc: clock.now() };
      const form = { bindingName, isBinary: trigger.isBinary, keepEmpty };
      return trigger.isBatch ? batchRequest([message], form) : singleRequest(message, form);
    }
  }
}
