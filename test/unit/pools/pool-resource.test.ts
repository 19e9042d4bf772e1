// What Add Pool accepts, fills in and refuses, and how a pool is shown.
import { describe, expect, test } from 'vitest';
import { parsePoolAdd } from '../../../shared/pools/pool-body.js';
import { poolFilters, poolProperties } from '../../../shared/pools/pool-filters.js';
import { toPoolResource } from '../../../shared/pools/pool-resource.js';
import type { Pool } from '../../../shared/pools/pool.js';
import { etagOf } from '../../../shared/rest/etag.js';
import { refusalOf } from '../rest/refusal.js';

const least = { id: 'P', vmSize: 'standard_d2_v3' };
const imageReference = { publisher: 'canonical', offer: 'ubuntuserver', sku: '18.04-lts' };
const virtualMachineConfiguration = { imageReference, nodeAgentSKUId: 'batch.node.ubuntu 18.04' };

describe('adding a pool', () => {
  test('fills in what Batch fills in', () => {
    expect(parsePoolAdd(least)).toEqual({
      id: 'P',
      vmSize: 'standard_d2_v3',
      resizeTimeoutMs: 900_000,
      targetDedicatedNodes: 0,
      targetLowPriorityNodes: 0,
      taskSlotsPerNode: 1,
      nodeFillType: 'spread',
      metadata: [],
      enableInterNodeCommunication: false,
      targetNodeCommunicationMode: 'default',
    });
  });

  test('keeps what has no meaning outside a cloud of virtual machines', () => {
    const networkConfiguration = { subnetId: 's', endpointConfiguration: { inboundNATPools: [] } };
    const shown = { ...least, enableInterNodeCommunication: true, networkConfiguration };
    const pool = parsePoolAdd({ ...shown, targetNodeCommunicationMode: 'Simplified' });
    expect(pool).toMatchObject({ ...shown, targetNodeCommunicationMode: 'simplified' });
  });

  test('has a start task with the defaults of Batch', () => {
    const { startTask } = parsePoolAdd({ ...least, startTask: { commandLine: 'c' } });
    expect(startTask).toMatchObject({ commandLine: 'c', maxTaskRetryCount: 0, waitForSuccess: true });
  });

  test('takes what the sample sends', () => {
    const pool = parsePoolAdd({
      ...least,
      virtualMachineConfiguration,
      targetDedicatedNodes: 2,
      taskSlotsPerNode: 1,
      taskSchedulingPolicy: { nodeFillType: 'Pack' },
      enableAutoScale: false,
    });
    expect(pool).toMatchObject({
      targetDedicatedNodes: 2,
      nodeFillType: 'pack',
      virtualMachineConfiguration: {
        imageReference: { ...imageReference, version: 'latest' },
        nodeAgentSKUId: 'batch.node.ubuntu 18.04',
      },
    });
  });

  test('gives an image by id no version', () => {
    const byId = { imageReference: { virtualMachineImageId: '/images/i' }, nodeAgentSKUId: 's' };
    expect(parsePoolAdd({ ...least, virtualMachineConfiguration: byId }).virtualMachineConfiguration).toEqual(byId);
  });

  test.each([
    ['no size', { id: 'P' }, 'MissingRequiredProperty', 'vmSize'],
    ['no id', { vmSize: 's' }, 'MissingRequiredProperty', 'id'],
    ['a bad id', { ...least, id: 'ä' }, 'InvalidPropertyValue', 'id'],
    ['a negative size', { ...least, targetDedicatedNodes: -1 }, 'InvalidPropertyValue', 'targetDedicatedNodes'],
    ['too many nodes', { ...least, targetDedicatedNodes: 1001 }, 'InvalidPropertyValue', 'targetDedicatedNodes'],
    ['nodes as text', { ...least, targetDedicatedNodes: '2' }, 'InvalidPropertyValue', 'targetDedicatedNodes'],
    ['no slots', { ...least, taskSlotsPerNode: 0 }, 'InvalidPropertyValue', 'taskSlotsPerNode'],
    ['too many slots', { ...least, taskSlotsPerNode: 257 }, 'InvalidPropertyValue', 'taskSlotsPerNode'],
    ['a short resize timeout', { ...least, resizeTimeout: 'PT4M59S' }, 'InvalidPropertyValue', 'resizeTimeout'],
    [
      'an unknown filling',
      { ...least, taskSchedulingPolicy: { nodeFillType: 'heap' } },
      'InvalidPropertyValue',
      'nodeFillType',
    ],
    [
      'an image of no kind',
      { ...least, virtualMachineConfiguration: { nodeAgentSKUId: 's' } },
      'MissingRequiredProperty',
      'imageReference',
    ],
    [
      'two configurations',
      { ...least, virtualMachineConfiguration, cloudServiceConfiguration: { osFamily: '6' } },
      'InvalidPropertyValue',
      'cloudServiceConfiguration',
    ],
    ['spot nodes', { ...least, targetLowPriorityNodes: 1 }, 'UnsupportedProperty', 'targetLowPriorityNodes'],
    ['automatic scaling', { ...least, enableAutoScale: true }, 'UnsupportedProperty', 'enableAutoScale'],
    ['a formula', { ...least, autoScaleFormula: '$x=1' }, 'UnsupportedProperty', 'autoScaleFormula'],
    [
      'an interval',
      { ...least, autoScaleEvaluationInterval: 'PT5M' },
      'UnsupportedProperty',
      'autoScaleEvaluationInterval',
    ],
    [
      'a start task in a container',
      { ...least, startTask: { commandLine: 'c', containerSettings: { imageName: 'i' } } },
      'UnsupportedProperty',
      'containerSettings',
    ],
    [
      'certificates',
      { ...least, certificateReferences: [{ thumbprint: 't' }] },
      'UnsupportedProperty',
      'certificateReferences',
    ],
    [
      'packages',
      { ...least, applicationPackageReferences: [{ applicationId: 'a' }] },
      'UnsupportedProperty',
      'applicationPackageReferences',
    ],
    ['licenses', { ...least, applicationLicenses: ['maya'] }, 'UnsupportedProperty', 'applicationLicenses'],
    [
      'user accounts',
      { ...least, userAccounts: [{ name: 'n', password: 'p' }] },
      'UnsupportedProperty',
      'userAccounts',
    ],
    [
      'mounts',
      { ...least, mountConfiguration: [{ nfsMountConfiguration: {} }, 1] },
      'UnsupportedProperty',
      'mountConfiguration',
    ],
    [
      'containers',
      {
        ...least,
        virtualMachineConfiguration: {
          ...virtualMachineConfiguration,
          containerConfiguration: { type: 'dockerCompatible' },
        },
      },
      'UnsupportedProperty',
      'containerConfiguration',
    ],
    [
      'extensions',
      { ...least, virtualMachineConfiguration: { ...virtualMachineConfiguration, extensions: [{ name: 'n' }] } },
      'UnsupportedProperty',
      'extensions',
    ],
    ['an unknown property', { ...least, colour: 'red' }, 'UnsupportedProperty', 'colour'],
  ])('refuses %s by name', (_, body, code, propertyName) => {
    const refusal = refusalOf(() => parsePoolAdd(body));
    expect([refusal.code, refusal.values['PropertyName']]).toEqual([code, propertyName]);
  });
});

const definition = parsePoolAdd({
  ...least,
  displayName: 'A pool',
  virtualMachineConfiguration,
  targetDedicatedNodes: 2,
  resizeTimeout: 'PT10M',
  metadata: [{ name: 'k', value: 'v' }],
});
const at = '2026-01-31T12:00:00.000Z';
const pool: Pool = {
  definition,
  incarnation: 'i',
  creationTime: at,
  lastModified: at,
  state: 'active',
  stateTransitionTime: at,
  allocationState: 'resizing',
  allocationStateTransitionTime: at,
  watchingSince: at,
  nextNodeNumber: 0,
  joinKeys: [],
  orderSecret: '',
};

describe('a pool', () => {
  test('is shown with every default and the nodes it has', () => {
    expect(toPoolResource(pool, 1, 'http://h:1')).toEqual({
      id: 'P',
      displayName: 'A pool',
      url: 'http://h:1/pools/P',
      eTag: etagOf(at),
      lastModified: at,
      creationTime: at,
      state: 'active',
      stateTransitionTime: at,
      allocationState: 'resizing',
      allocationStateTransitionTime: at,
      vmSize: 'standard_d2_v3',
      virtualMachineConfiguration: definition.virtualMachineConfiguration,
      resizeTimeout: 'PT10M',
      currentDedicatedNodes: 1,
      currentLowPriorityNodes: 0,
      targetDedicatedNodes: 2,
      targetLowPriorityNodes: 0,
      enableAutoScale: false,
      enableInterNodeCommunication: false,
      taskSlotsPerNode: 1,
      taskSchedulingPolicy: { nodeFillType: 'spread' },
      metadata: [{ name: 'k', value: 'v' }],
      targetNodeCommunicationMode: 'default',
    });
  });

  test('that is shown and added again is the same pool', () => {
    const shown = JSON.parse(JSON.stringify(toPoolResource(pool, 0, 'http://h'))) as Record<string, unknown>;
    const readOnly = [
      'url',
      'eTag',
      'lastModified',
      'creationTime',
      'state',
      'stateTransitionTime',
      'allocationState',
      'allocationStateTransitionTime',
      'currentDedicatedNodes',
      'currentLowPriorityNodes',
    ];
    const writable = Object.fromEntries(Object.entries(shown).filter(([name]) => !readOnly.includes(name)));
    expect(parsePoolAdd(writable)).toEqual(definition);
  });

  test('has only properties that can be selected, and every filter speaks of one', () => {
    const names: readonly string[] = poolProperties;
    expect(Object.keys(toPoolResource(pool, 0, '')).filter((name) => !names.includes(name))).toEqual([]);
    expect(Object.keys(poolFilters).filter((name) => !names.includes(name))).toEqual([]);
  });
});
