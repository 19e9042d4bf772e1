// What controller and nodes say to each other. All bodies are CloudEvents; these are the schemas of their `data`.
// Orders go to queue `node-orders`, reports come on `job-events`, file answers on `node-replies`, wanted nodes on `pool-capacity`.
// What goes to a node is sealed, what comes from it is signed: sealing.ts.
import { z } from 'zod';
import { failureInfoSchema, runDefinitionSchema } from '../tasks/run-definition.js';

export const messageTypes = {
  order: 'dev.bookend.node.order',
  fileRequest: 'dev.bookend.node.file-request',
  fileReply: 'dev.bookend.node.file-reply',
  report: 'dev.bookend.node.report',
  capacity: 'dev.bookend.pool.capacity',
} as const;

/** Session of a pool on `job-events` and `pool-capacity`: pool ids are case-insensitive. */
export const poolSession = (poolId: string): string => poolId.toLowerCase();
/** Session of a node on `node-orders`. */
export const nodeSession = (poolId: string, nodeId: string): string => `${poolId}/${nodeId}`;

/** An order not answered by a report within this time makes its node suspect. */
export const acknowledgeWithinMs = 60_000;
/** An idle node reports its presence this often. */
export const presenceIntervalMs = 15 * 60_000;
/** A node with work reports at least this often. */
export const busyReportIntervalMs = 60_000;

/** Folder of the start task below the node root, and the name that its runs go by. */
export const startTaskDirectory = 'startup';
export const startTaskId = 'starttask';

const runKindSchema = z.enum(['startTask', 'preparation', 'task', 'release']);
export type RunKind = z.infer<typeof runKindSchema>;

/** One command line to run. `runId` is deterministic: the same order twice is the same run. A definition over 30,000 characters is fetched from `definitionUrl`. */
const runOrderSchema = z.object({
  runId: z.string(),
  kind: runKindSchema,
  taskId: z.string(),
  attempt: z.int(),
  definition: z.union([z.object({ inline: runDefinitionSchema }), z.object({ url: z.string() })]),
  /** A task that may start only after this preparation succeeded here, by the agent's own journal. */
  requiresPreparation: z.string().optional(),
});
export type RunOrder = z.infer<typeof runOrderSchema>;

/**
 * One message per (job, node) and pass. The agent applies it in this order: acknowledgement, kills, preparation, tasks, release, forget.
 * Orders of another epoch than the agent's are refused (a report tells its epoch).
 */
export const orderSchema = z.object({
  poolId: z.string(),
  nodeId: z.string(),
  epoch: z.int(),
  /** The image that the epoch was counted on: a node that lost its journal counts from the start again. */
  imageId: z.string().optional(),
  jobId: z.string(),
  incarnation: z.string(),
  /** Folder of the job below the node root: `workitems/<job>/job-1`. */
  jobDirectory: z.string(),
  /** Task id of the job's preparation, when it has one: gives AZ_BATCH_JOB_PREP_DIR. */
  preparationTaskId: z.string().optional(),
  /** The newest report the controller has saved: ended runs reported up to there need not be reported again. */
  acknowledged: z.object({ epoch: z.int(), sequence: z.int() }),
  acknowledgeWithinMs: z.int(),
  /** The pool's start task: such an order is of no job, its folder is `startup`. */
  startTask: runOrderSchema.optional(),
  preparation: runOrderSchema.optional(),
  tasks: z.array(runOrderSchema),
  release: runOrderSchema.optional(),
  kills: z.array(z.object({ runId: z.string(), failure: failureInfoSchema })),
  /** With which the node may put the output of runs into the job's container. */
  logTarget: z.object({ url: z.string() }).optional(),
  /** The job is gone: its folder may be removed once nothing of it runs. */
  forget: z.boolean(),
});
export type Order = z.infer<typeof orderSchema>;

/** A run as its node sees it. Ages are milliseconds before the making of the report, on the node's monotonic clock. */
export const runReportSchema = z.object({
  runId: z.string(),
  kind: runKindSchema,
  jobId: z.string(),
  incarnation: z.string(),
  taskId: z.string(),
  attempt: z.int(),
  /** accepted: journaled, not started (e.g. waits for its preparation). running: a process lives. ended: nothing of it will run again. */
  state: z.enum(['accepted', 'running', 'ended']),
  startedAgoMs: z.number().optional(),
  endedAgoMs: z.number().optional(),
  retryCount: z.int(),
  lastRetryAgoMs: z.number().optional(),
  /** Of a preparation: its tries before the last one, oldest first; the newest where there were many. */
  tries: z
    .array(
      z.object({
        retry: z.int(),
        startedAgoMs: z.number(),
        endedAgoMs: z.number(),
        exitCode: z.int().optional(),
      }),
    )
    .optional(),
  exitCode: z.int().optional(),
  /** Set when ended: lost = its process vanished without a result (crash, reboot); killed = ended by an order or its wall clock; neverStarted = ended before any process. */
  ending: z.enum(['exited', 'notStartable', 'wallClock', 'killed', 'neverStarted', 'lost']).optional(),
  failure: failureInfoSchema.optional(),
  /** Accepted, but a URL in its order is good no more: it waits for its order to be sent again. */
  needsFreshOrder: z.boolean().optional(),
});
export type RunReport = z.infer<typeof runReportSchema>;

/** What is wrong with the node itself, as Batch's ComputeNodeError: it takes no tasks meanwhile. */
export const nodeFaultSchema = z.object({ code: z.string(), message: z.string() });
export type NodeFault = z.infer<typeof nodeFaultSchema>;

/** A snapshot, not a delta: every run not yet acknowledged. The highest (epoch, sequence) wins. */
export const reportSchema = z.object({
  poolId: z.string(),
  nodeId: z.string(),
  epoch: z.int().min(1),
  imageEpoch: z.int().min(1),
  /** Fresh with every image, so that the same epoch counted again on another one is told apart. */
  imageId: z.string().optional(),
  /** The pool that the node joined: should it be gone, its provisioner can be told once more. */
  poolIncarnation: z.string().optional(),
  sequence: z.int().min(1),
  agentVersion: z.string(),
  /** The node's wall clock, ISO 8601 UTC: told for its offset only. */
  nodeTime: z.iso.datetime(),
  bootedAgoMs: z.number(),
  runs: z.array(runReportSchema),
  faults: z.array(nodeFaultSchema).optional(),
  /** Jobs whose output the node cannot send, for want of a URL that is good: an order of the job brings one. */
  needsLogTarget: z.array(z.object({ jobId: z.string(), incarnation: z.string() })).optional(),
});
export type Report = z.infer<typeof reportSchema>;

/** A question about files below the node root; paths use '/', never start with it. Content over 130,000 bytes is put to `uploadUrl`. */
export const fileRequestSchema = z.object({
  requestId: z.string(),
  poolId: z.string(),
  nodeId: z.string(),
  uploadUrl: z.string(),
  question: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('list'), directory: z.string(), recursive: z.boolean() }),
    z.object({ kind: z.literal('properties'), path: z.string() }),
    /** `from` inclusive, `to` inclusive, as in an HTTP range; absent `to` = to the end. */
    z.object({ kind: z.literal('read'), path: z.string(), from: z.int().min(0), to: z.int().min(0).optional() }),
    z.object({ kind: z.literal('delete'), path: z.string(), recursive: z.boolean() }),
  ]),
});
export type FileRequest = z.infer<typeof fileRequestSchema>;

export const nodeFileSchema = z.object({
  name: z.string(),
  isDirectory: z.boolean(),
  /** Absent for directories. */
  sizeBytes: z.int().optional(),
  /** ISO 8601 UTC by the node's clock. */
  lastModified: z.iso.datetime().optional(),
  /** Octal text as Batch shows it, e.g. `0o100644`. */
  fileMode: z.string().optional(),
});
export type NodeFile = z.infer<typeof nodeFileSchema>;

export const fileReplySchema = z.object({
  requestId: z.string(),
  answer: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('list'), files: z.array(nodeFileSchema) }),
    z.object({ kind: z.literal('properties'), file: nodeFileSchema }),
    z.object({ kind: z.literal('content'), file: nodeFileSchema, base64: z.string() }),
    /** The same answer as JSON (list) or the bytes (content) stand in the one-use blob. */
    z.object({ kind: z.literal('uploaded'), of: z.enum(['list', 'content']), file: nodeFileSchema.optional() }),
    z.object({ kind: z.literal('notFound') }),
    z.object({ kind: z.literal('invalidRange'), sizeBytes: z.int() }),
    z.object({ kind: z.literal('tooLarge'), sizeBytes: z.int(), limitBytes: z.int() }),
    z.object({ kind: z.literal('deleted') }),
    /** inUse: a folder that the node or a run needs. denied: the node's system does not allow it. */
    z.object({ kind: z.literal('notDeleted'), reason: z.enum(['notEmpty', 'inUse', 'denied']) }),
  ]),
});
export type FileReply = z.infer<typeof fileReplySchema>;

/** What a pool should consist of: a snapshot for its provisioner. */
export const capacitySchema = z.object({
  poolId: z.string(),
  incarnation: z.string(),
  nodeIds: z.array(z.string()),
  taskSlotsPerNode: z.int(),
  /** The pool is going for good. Absent in older messages, where an empty list said so. */
  isEnding: z.boolean().optional(),
  /** By node, how many boots and new images were asked for in its life; absent = none. One more than was carried out is to be carried out. */
  power: z.record(z.string(), z.object({ boots: z.int(), images: z.int() })).optional(),
  /** What the machines join with. */
  joinKey: z.string().optional(),
});
export type Capacity = z.infer<typeof capacitySchema>;
