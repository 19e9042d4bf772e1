// What a client may say when it adds a pool, and the pool it means: Batch's defaults filled in, faults refused by name.
// https://learn.microsoft.com/rest/api/batchservice/pool/add
import { z } from 'zod';
import {
  choice,
  displayNameText,
  durationBody,
  idText,
  metadataBody,
  onlyDefault,
  text,
  unsupported,
} from '../rest/body-types.js';
import { parseBody, refuse, requireStorable } from '../rest/request-body.js';
import { storedDuration } from '../tasks/run-resource.js';
import type { PoolDefinition } from './pool.js';

const minResizeTimeoutMs = 5 * 60_000;
const defaultResizeTimeoutMs = 15 * 60_000;
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
const virtualMachineBody = z.strictObject({
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
});

const cloudServiceBody = z.strictObject({ osFamily: text(), osVersion: text().default('*') });

const poolAddBody = z
  .strictObject({
    id: idText,
    displayName: displayNameText.optional(),
    vmSize: text(1024).min(1, 'a size cannot be empty'),
    cloudServiceConfiguration: cloudServiceBody.optional(),
    virtualMachineConfiguration: virtualMachineBody.optional(),
    resizeTimeout: durationBody({ least: minResizeTimeoutMs }).default(defaultResizeTimeoutMs),
    targetDedicatedNodes: z.int().min(0).max(maxNodes).default(0),
    targetLowPriorityNodes: onlyDefault(z.int().min(0), 0),
    enableAutoScale: onlyDefault(z.boolean(), false),
    autoScaleFormula: unsupported,
    autoScaleEvaluationInterval: unsupported,
    enableInterNodeCommunication: onlyDefault(z.boolean(), false),
    networkConfiguration: unsupported,
    startTask: unsupported,
    certificateReferences: unsupported,
    applicationPackageReferences: unsupported,
    applicationLicenses: unsupported,
    taskSlotsPerNode: z.int().min(1).max(maxTaskSlots).default(1),
    taskSchedulingPolicy: z.strictObject({ nodeFillType: choice(['spread', 'pack']) }).optional(),
    userAccounts: unsupported,
    metadata: metadataBody.default([]),
    mountConfiguration: unsupported,
    targetNodeCommunicationMode: onlyDefault(choice(['default', 'classic', 'simplified']), 'default'),
  })
  .superRefine(({ cloudServiceConfiguration, virtualMachineConfiguration }, context) => {
    if (cloudServiceConfiguration && virtualMachineConfiguration)
      refuse(context, 'InvalidPropertyValue', 'a pool has either this or virtualMachineConfiguration', [
        'cloudServiceConfiguration',
      ]);
  });

/**
 * The pool that the body of Add Pool describes.
 * Throws BatchError: MissingRequiredProperty, InvalidPropertyValue, InvalidRequestBody, EmptyMetadataKey, UnsupportedProperty.
 */
export function parsePoolAdd(json: unknown): PoolDefinition {
  const body = parseBody(poolAddBody, json);
  const { virtualMachineConfiguration, cloudServiceConfiguration } = body;
  return requireStorable({
    id: body.id,
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
  });
}

function fromVirtualMachine(body: z.output<typeof virtualMachineBody>): Record<string, unknown> {
  const { imageReference, containerConfiguration: _, extensions: __, ...echoed } = body;
  const version = imageReference.virtualMachineImageId === undefined ? { version: 'latest' } : {};
  return { ...echoed, imageReference: { ...version, ...imageReference } };
}
