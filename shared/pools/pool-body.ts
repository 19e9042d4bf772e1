// What a client may say when it adds a pool, and the pool it means: Batch's defaults filled in, faults refused by name.
// https://learn.microsoft.com/rest/api/batchservice/pool/add
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { choice, displayNameText, idText, metadataBody, onlyDefault, text, unsupported } from '../rest/body-types.js';
import { parseBody, refuse, requireStorable } from '../rest/request-body.js';
import { storedDuration } from '../tasks/run-resource.js';
import { deallocationOptionBody, resizeTimeoutBody } from '../nodes/node-body.js';
import type { PoolDefinition, PoolSpecification } from './pool.js';
import type { ResizeRequest } from './resize-pool.js';
import { fromStartTask, startTaskBody } from './start-task.js';
import type { PoolUpdate } from './update-pool.js';

/** Largest pool that Bookend is meant for. */
const maxNodes = 1000;
const maxTaskSlots = 256;

const imageReferenceBody = z.strictObject({
  publisher: text().optional(),
  offer: text().optional(),
  sku: text().optional(),
  version: text().optional(),
  virtualMachineImageId: text().optional(),
});

// Kept to be echoed. What would run something or holds a secret is refused instead.
const virtualMachineBody = z
  .strictObject({
    imageReference: imageReferenceBody,
    nodeAgentSKUId: text(),
    windowsConfiguration: z.looseObject({}).optional(),
    dataDisks: z.array(z.looseObject({})).optional(),
    licenseType: text().optional(),
    containerConfiguration: unsupported,
    diskEncryptionConfiguration: z.looseObject({}).optional(),
    nodePlacementConfiguration: z.looseObject({}).optional(),
    extensions: unsupported,
    osDisk: z.looseObject({}).optional(),
  })
  .register(named, { id: 'VirtualMachineConfigurationParameter' });

const cloudServiceBody = z.strictObject({ osFamily: text(), osVersion: text().default('*') });

/** Kept to be echoed: nodes of Bookend connect outwards only. */
const communicationModeBody = choice(['default', 'classic', 'simplified']);

const poolShape = {
  displayName: displayNameText.optional(),
  vmSize: text(1024).min(1, 'a size cannot be empty'),
  cloudServiceConfiguration: cloudServiceBody.optional(),
  virtualMachineConfiguration: virtualMachineBody.optional(),
  resizeTimeout: resizeTimeoutBody,
  targetDedicatedNodes: z.int().min(0).max(maxNodes).default(0),
  targetLowPriorityNodes: onlyDefault(z.int().min(0), 0),
  enableAutoScale: onlyDefault(z.boolean(), false),
  autoScaleFormula: unsupported,
  autoScaleEvaluationInterval: unsupported,
  enableInterNodeCommunication: z.boolean().default(false),
  networkConfiguration: z.looseObject({}).optional(),
  startTask: startTaskBody.optional(),
  certificateReferences: unsupported,
  applicationPackageReferences: unsupported,
  applicationLicenses: unsupported,
  taskSlotsPerNode: z.int().min(1).max(maxTaskSlots).default(1),
  taskSchedulingPolicy: z.strictObject({ nodeFillType: choice(['spread', 'pack']) }).optional(),
  userAccounts: unsupported,
  metadata: metadataBody.default([]),
  mountConfiguration: unsupported,
  targetNodeCommunicationMode: communicationModeBody.default('default'),
};

export const poolAddBody = z
  .strictObject({ id: idText, ...poolShape })
  .superRefine(refuseTwoKinds)
  .register(named, { id: 'PoolAddParameter' });

/** A pool without an id, as a job describes the one that is to be made for it. */
export const poolSpecificationBody = z
  .strictObject(poolShape)
  .superRefine(refuseTwoKinds)
  .register(named, { id: 'PoolSpecificationParameter' });

function refuseTwoKinds(
  body: { readonly cloudServiceConfiguration?: unknown; readonly virtualMachineConfiguration?: unknown },
  context: z.RefinementCtx,
): void {
  if (body.cloudServiceConfiguration && body.virtualMachineConfiguration)
    refuse(context, 'InvalidPropertyValue', 'a pool has either this or virtualMachineConfiguration', [
      'cloudServiceConfiguration',
    ]);
}

/**
 * The pool that the body of Add Pool describes.
 * Throws BatchError: MissingRequiredProperty, InvalidPropertyValue, InvalidRequestBody, EmptyMetadataKey, UnsupportedProperty.
 */
export function parsePoolAdd(json: unknown): PoolDefinition {
  const body = parseBody(poolAddBody, json);
  return requireStorable({ id: body.id, ...fromPoolSpecification(body) });
}

/** The pool without its id, defaults filled in. */
export function fromPoolSpecification(body: z.output<typeof poolSpecificationBody>): PoolSpecification {
  const { virtualMachineConfiguration, cloudServiceConfiguration } = body;
  return {
    ...(body.displayName !== undefined && { displayName: body.displayName }),
    vmSize: body.vmSize,
    ...(virtualMachineConfiguration && {
      virtualMachineConfiguration: fromVirtualMachine(virtualMachineConfiguration),
    }),
    ...(cloudServiceConfiguration && { cloudServiceConfiguration }),
    resizeTimeoutMs: storedDuration(body.resizeTimeout),
    targetDedicatedNodes: body.targetDedicatedNodes,
    targetLowPriorityNodes: 0,
    taskSlotsPerNode: body.taskSlotsPerNode,
    nodeFillType: body.taskSchedulingPolicy?.nodeFillType ?? 'spread',
    metadata: body.metadata,
    ...(body.startTask && { startTask: fromStartTask(body.startTask) }),
    ...(body.networkConfiguration && { networkConfiguration: body.networkConfiguration }),
    enableInterNodeCommunication: body.enableInterNodeCommunication,
    targetNodeCommunicationMode: body.targetNodeCommunicationMode,
  };
}

export const poolPatchBody = z
  .strictObject({
    startTask: startTaskBody.optional(),
    certificateReferences: unsupported,
    applicationPackageReferences: unsupported,
    metadata: metadataBody.optional(),
    targetNodeCommunicationMode: communicationModeBody.optional(),
  })
  .register(named, { id: 'PoolPatchParameter' });

/**
 * What the body of Patch Pool changes: absent properties stay as they are. Throws BatchError as parsePoolAdd does.
 * https://learn.microsoft.com/rest/api/batchservice/pool/patch
 */
export function parsePoolPatch(json: unknown): PoolUpdate {
  const { startTask, metadata, targetNodeCommunicationMode } = parseBody(poolPatchBody, json);
  return requireStorable({
    ...(startTask && { startTask: fromStartTask(startTask) }),
    ...(metadata && { metadata }),
    ...(targetNodeCommunicationMode && { targetNodeCommunicationMode }),
  });
}

const emptyList = z.array(z.unknown()).superRefine((list, context) => {
  if (list.length > 0) refuse(context, 'UnsupportedProperty', 'Bookend does not act on it yet');
});

export const poolPropertiesBody = z
  .strictObject({
    startTask: startTaskBody.optional(),
    certificateReferences: emptyList,
    applicationPackageReferences: emptyList,
    metadata: metadataBody,
    targetNodeCommunicationMode: communicationModeBody.optional(),
  })
  .register(named, { id: 'PoolUpdatePropertiesParameter' });

/**
 * What the body of Update Pool Properties sets: the lists must be given, a start task that is absent is removed. Throws BatchError as
 * parsePoolAdd does. https://learn.microsoft.com/rest/api/batchservice/pool/update-properties
 */
export function parsePoolProperties(json: unknown): PoolUpdate {
  const { startTask, metadata, targetNodeCommunicationMode } = parseBody(poolPropertiesBody, json);
  return requireStorable({
    startTask: startTask && fromStartTask(startTask),
    metadata,
    ...(targetNodeCommunicationMode && { targetNodeCommunicationMode }),
  });
}

export const poolResizeBody = z
  .strictObject({
    targetDedicatedNodes: z.int().min(0).max(maxNodes).optional(),
    targetLowPriorityNodes: onlyDefault(z.int().min(0), 0),
    resizeTimeout: resizeTimeoutBody,
    nodeDeallocationOption: deallocationOptionBody,
  })
  .superRefine(({ targetDedicatedNodes, targetLowPriorityNodes }, context) => {
    if (targetDedicatedNodes === undefined && targetLowPriorityNodes === undefined)
      refuse(context, 'InvalidPropertyValue', 'a resize needs this or targetLowPriorityNodes', [
        'targetDedicatedNodes',
      ]);
  })
  .register(named, { id: 'PoolResizeParameter' });

/** What the body of Resize Pool asks for. Throws BatchError as parsePoolAdd does. */
export function parseResize(json: unknown): ResizeRequest {
  const { targetDedicatedNodes, resizeTimeout, nodeDeallocationOption } = parseBody(poolResizeBody, json);
  return {
    ...(targetDedicatedNodes === undefined ? {} : { targetDedicatedNodes }),
    resizeTimeoutMs: storedDuration(resizeTimeout),
    option: nodeDeallocationOption,
  };
}

function fromVirtualMachine(
  body: z.output<typeof virtualMachineBody>,
): PoolSpecification['virtualMachineConfiguration'] & object {
  const { imageReference, containerConfiguration: _, extensions: __, ...echoed } = body;
  const version = imageReference.virtualMachineImageId === undefined ? { version: 'latest' } : {};
  return { ...echoed, imageReference: { ...version, ...imageReference } };
}
