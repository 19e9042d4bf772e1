// The composition root of the function app: the one place where the real implementations are chosen.
import { createAzureBlobs } from './blobs/azure-blobs.js';
import { createAzureContainers } from './blobs/azure-containers.js';
import type { Blobs } from './blobs/blobs.js';
import type { Containers } from './blobs/containers.js';
import { systemClock, type Clock } from './clock.js';
import { loadConfig, type Config } from './config.js';
import { createTokenVerifier, type EntraSettings, type VerifyToken } from './entra/access-token.js';
import { createHttpKeySet } from './entra/http-key-set.js';
import { createSigningKeys } from './entra/signing-keys.js';
import { systemIds, type Ids } from './ids.js';
import { stderrLog, type Log } from './log.js';
import { createJoseSealing } from './nodes/jose-sealing.js';
import type { Sealing } from './nodes/sealing.js';
import { createJobMemory, type JobMemory } from './passes/job-memory.js';
import { createAzureBus } from './queues/azure-bus.js';
import type { Bus } from './queues/bus.js';
import { createAzureTable } from './tables/azure-table.js';
import type { Table } from './tables/table.js';

/** Everything a verb may touch. */
export type Services = {
  readonly table: Table;
  readonly bus: Bus;
  readonly blobs: Blobs;
  /** Those of jobs. */
  readonly containers: Containers;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly sealing: Sealing;
  /** Of this process. */
  readonly jobMemory: JobMemory;
  /** Absent where no issuer of tokens is configured. */
  readonly verifyToken?: VerifyToken;
  readonly log: Log;
  readonly config: Config;
};

let services: Services | undefined;

/** The app's services, made from its settings when first asked for. Throws when the settings cannot be used. */
export function getServices(): Services {
  services ??= createServices(loadConfig());
  return services;
}

/** The real implementations behind `config`. */
export function createServices(config: Config): Services {
  const log = stderrLog(config.logLevel);
  return {
    table: createAzureTable(config.storageConnection, config.table),
    bus: createAzureBus(config.serviceBusConnection, log),
    blobs: createAzureBlobs(config.storageConnection, config.container, systemClock),
    containers: createAzureContainers(config.storageConnection, systemClock),
    clock: systemClock,
    ids: systemIds,
    sealing: createJoseSealing(),
    jobMemory: createJobMemory(systemClock),
    ...(config.entra && { verifyToken: verifierOf(config.entra, log) }),
    log,
    config,
  };
}

function verifierOf(entra: EntraSettings, log: Log): VerifyToken {
  const read = createHttpKeySet(entra.jwksUrl);
  return createTokenVerifier(entra, createSigningKeys({ read, clock: systemClock, log }));
}
