// Conservation of messages: whatever a queue accepted is done, dead-lettered, or still there; when all is at rest, only what is
// scheduled for later, or meant for a node that is not there to take it.
import type { Broker } from '../models/broker.js';
import type { CreateChecker } from './checker.js';

// These outlive nobody: what was not received in time is dropped, as the queue's definition says.
const withTimeToLive = ['node-orders', 'node-replies'];
const mayWait = ['node-orders', 'node-replies'];
// A node may have said something just now, to a host that died with the session in its hand: its lock lasts five minutes.
const freshMs = 6 * 60_000;

export const checkMessages =
  (broker: Broker): CreateChecker =>
  ({ violate, nowMs }) => {
    const checkConservation = (): void => {
      for (const [address, { accepted, done, deadLettered }] of broker.ledger()) {
        const held = broker.queue(address).messages.size;
        const known = done + deadLettered + held;
        const isRight = withTimeToLive.includes(address) ? known <= accepted : known === accepted;
        if (!isRight)
          violate(
            'conservation',
            `${address} accepted ${accepted} messages: ${done} done, ${deadLettered} dead-lettered, ${held} held`,
          );
      }
    };
    return {
      onFact(fact) {
        if (fact.type === 'committed') checkConservation();
      },
      atRest() {
        checkConservation();
        for (const address of broker.ledger().keys()) {
          if (mayWait.includes(address)) continue;
          const waiting = [...broker.queue(address).messages.values()].filter(
            ({ place, lock, enqueuedAtMs }) =>
              place !== 'scheduled' && lock === undefined && nowMs() - enqueuedAtMs > freshMs,
          );
          if (waiting.length > 0)
            violate('conservation', `${address} still holds ${waiting.map(({ messageId }) => messageId).join(', ')}`);
        }
      },
    };
  };
