// An explanation as a schema. docs/explain.md is what users read of it.
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { instant, oneOf } from '../rest/answer-types.js';
import type { NextEvent, NodeCode, WaitCode } from './explanation.js';

const waitCode = oneOf<WaitCode>({
  jobCompleted: true,
  jobDisabled: true,
  noTasks: true,
  poolMissing: true,
  poolBeingDeleted: true,
  poolEmpty: true,
  noNodeReady: true,
  nodesBarred: true,
  maxParallelTasks: true,
  slotsTooFew: true,
  slotsBusy: true,
  assignment: true,
  dependencyOpen: true,
  dependencyMissing: true,
  dependencyBlocked: true,
  dependencyItself: true,
  dependencyLook: true,
  preparing: true,
  running: true,
  endingTasks: true,
  releasing: true,
  removal: true,
});

const nodeCode = oneOf<NodeCode>({
  cannotTakeTasks: true,
  lost: true,
  barred: true,
  preparing: true,
  running: true,
  full: true,
  free: true,
  ending: true,
  releasing: true,
  released: true,
  waived: true,
  owesNothing: true,
});

const nextCode = oneOf<NextEvent['code']>({
  jobTimeLimit: true,
  taskTimeLimit: true,
  preparationTimeLimit: true,
  releaseTimeLimit: true,
  orderRepeated: true,
  nodeGivenUp: true,
  poolLookedAt: true,
});

export const shownExplanation = z
  .strictObject({
    jobId: z.string(),
    poolId: z.string(),
    state: z.string(),
    at: instant,
    summary: z.string(),
    waitsFor: z.array(
      z.strictObject({
        code: waitCode,
        text: z.string(),
        taskCount: z.int().min(0).optional(),
        isAtLeast: z.literal(true).optional(),
        taskIds: z.array(z.string()).optional(),
        dependsOn: z.array(z.string()).optional(),
        slotsByJob: z.record(z.string(), z.int()).optional(),
      }),
    ),
    nodeCounts: z.partialRecord(nodeCode, z.int().min(1)),
    nodes: z.array(z.strictObject({ nodeId: z.string(), state: z.string(), code: nodeCode, text: z.string() })),
    next: z.array(z.strictObject({ code: nextCode, at: instant, text: z.string() })),
  })
  .register(named, { id: 'JobExplanation' });
