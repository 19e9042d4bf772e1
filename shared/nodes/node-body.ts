// What a client may say when it asks something of a node or has nodes removed. Bodies may be absent; Batch's default option is requeue.
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { choice, durationBody, text } from '../rest/body-types.js';
import { parseBody } from '../rest/request-body.js';
import { storedDuration } from '../tasks/run-resource.js';
import type { DeallocationOption } from './node.js';

const options = ['requeue', 'terminate', 'taskcompletion', 'retaineddata'] as const;
export const deallocationOptionBody = choice(options).default('requeue');

const minResizeTimeoutMs = 5 * 60_000;
const defaultResizeTimeoutMs = 15 * 60_000;
export const resizeTimeoutBody = durationBody({ least: minResizeTimeoutMs }).default(defaultResizeTimeoutMs);

export const nodeRebootBody = z
  .strictObject({ nodeRebootOption: deallocationOptionBody })
  .register(named, { id: 'NodeRebootParameter' });
export const nodeReimageBody = z
  .strictObject({ nodeReimageOption: deallocationOptionBody })
  .register(named, { id: 'NodeReimageParameter' });
export const nodeDisableBody = z
  .strictObject({
    nodeDisableSchedulingOption: choice(['requeue', 'terminate', 'taskcompletion']).default('requeue'),
  })
  .register(named, { id: 'NodeDisableSchedulingParameter' });
export const nodeRemovalBody = z
  .strictObject({
    nodeList: z.array(text(64)).min(1, 'at least one node').max(100, 'at most 100 nodes'),
    resizeTimeout: resizeTimeoutBody,
    nodeDeallocationOption: deallocationOptionBody,
  })
  .register(named, { id: 'NodeRemoveParameter' });

/** Throws BatchError as every parse of a body does. */
export const parseReboot = (json: unknown): DeallocationOption =>
  parseBody(nodeRebootBody, json ?? {}).nodeRebootOption;
export const parseReimage = (json: unknown): DeallocationOption =>
  parseBody(nodeReimageBody, json ?? {}).nodeReimageOption;
export const parseDisableScheduling = (json: unknown): Exclude<DeallocationOption, 'retaineddata'> =>
  parseBody(nodeDisableBody, json ?? {}).nodeDisableSchedulingOption;

/** Which nodes are to leave, how, and how long that may take. */
export function parseRemoval(json: unknown): {
  readonly nodeIds: readonly string[];
  readonly resizeTimeoutMs: number;
  readonly option: DeallocationOption;
} {
  const { nodeList, resizeTimeout, nodeDeallocationOption } = parseBody(nodeRemovalBody, json);
  return { nodeIds: nodeList, resizeTimeoutMs: storedDuration(resizeTimeout), option: nodeDeallocationOption };
}
