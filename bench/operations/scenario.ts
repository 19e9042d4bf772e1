// What every scenario is given and what it tells: the world it plays in, and its counts with the work that was done for them.
import { z } from 'zod';
import type { Log } from '../../shared/log.js';

export type ScenarioOptions = {
  readonly agents: number;
  readonly tasks: number;
  readonly idleNodes: number;
  /** Directory of the files of counts. */
  readonly counts: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Says how far it is. */
  readonly progress: (text: string) => void;
};

const countSchema = z.object({ send: z.int(), receive: z.int(), settle: z.int(), renew: z.int() });

/** One stretch of a scenario. */
export const phaseSchema = z.object({
  name: z.string(),
  /** What the budget multiplies; absent where there is no work. */
  work: z.object({ jobs: z.int(), nodes: z.int(), tasks: z.int() }).optional(),
  /** Its passes are full, so that the lower bound on table requests holds. */
  isBulk: z.boolean(),
  /** Idle nodes times hours. */
  nodeHours: z.number().optional(),
  durationMs: z.number(),
  /** Counts by key of operation. */
  tally: z.record(z.string(), z.int()),
  /** What the embedded broker has counted itself, over the same stretch. */
  broker: countSchema.optional(),
});
export type Phase = z.infer<typeof phaseSchema>;

export const scenarioResultSchema = z.object({
  /** Host and port of the table service. */
  tableHost: z.string(),
  phases: z.array(phaseSchema),
});
export type ScenarioResult = z.infer<typeof scenarioResultSchema>;
export type Scenario = (options: ScenarioOptions) => Promise<ScenarioResult>;
