// Services as far as the wrapper needs them: a manual clock, counted ids, a log that is kept. Storage and bus refuse to be used.
import { createLog, type LogFields, type LogLevel } from '../../../shared/log.js';
import type { Services } from '../../../shared/services.js';
import { plainSealing } from '../../helpers/plain-sealing.js';
import { createManualClock, type ManualClock } from '../../helpers/manual-clock.js';
import { account, signedAt } from './signed-request.js';

export type LogLine = { readonly level: LogLevel; readonly message: string; readonly fields: LogFields };

export type RestServices = Services & { readonly clock: ManualClock; readonly lines: readonly LogLine[] };

export function createRestServices(): RestServices {
  const lines: LogLine[] = [];
  let count = 0;
  const refuse = (): never => {
    throw new Error('This operation needs neither storage nor bus.');
  };
  return {
    table: { get: refuse, query: refuse, queryAcross: refuse, write: refuse },
    bus: { send: refuse, openSession: refuse, openNextSession: refuse, close: refuse },
    blobs: { put: refuse, get: refuse, remove: refuse, urlFor: refuse, containerUrlFor: refuse, list: refuse },
    containers: { writeUrl: refuse, list: refuse, get: refuse, remove: refuse },
    clock: createManualClock(signedAt.toISOString()),
    ids: {
      uuid: () => `00000000-0000-4000-8000-${String((count += 1)).padStart(12, '0')}`,
      random: () => 0.5,
    },
    sealing: plainSealing,
    jobMemory: { recall: refuse, keep: refuse, forget: refuse, distrust: refuse },
    log: createLog((level, message, fields) => lines.push({ level, message, fields })),
    config: {
      account,
      serviceBusConnection: '',
      nodesServiceBusConnection: 'for nodes',
      storageConnection: '',
      table: 'bookend',
      container: 'bookend',
      releaseAfter: 'task',
      orderUrlValidMs: 1,
      applications: [],
      supportedImages: [],
      logLevel: 'info',
    },
    lines,
  };
}
