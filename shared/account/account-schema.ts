// What a deployment declares of its account, as it is shown (ApplicationSummary, ImageInformation), and what certificates would be selected
// by, of which there are none.
import { z } from 'zod';
import { instant, notShown } from '../rest/answer-types.js';
import { named } from '../rest/named-schemas.js';

export const applicationSummary = z
  .strictObject({ id: z.string(), displayName: z.string(), versions: z.array(z.string()) })
  .register(named, { id: 'ApplicationSummary' });

export const imageInformation = z
  .strictObject({
    nodeAgentSKUId: z.string(),
    imageReference: z.strictObject({
      publisher: z.string(),
      offer: z.string(),
      sku: z.string(),
      version: z.string(),
    }),
    osType: z.enum(['linux', 'windows']),
    capabilities: z.array(z.string()).optional(),
    batchSupportEndOfLife: instant.optional(),
    verificationType: z.enum(['verified', 'unverified']),
  })
  .register(named, { id: 'ImageInformation' });

export const certificate = z
  .strictObject({
    thumbprint: notShown,
    thumbprintAlgorithm: notShown,
    url: notShown,
    state: notShown,
    stateTransitionTime: notShown,
    previousState: notShown,
    previousStateTransitionTime: notShown,
    publicData: notShown,
    deleteCertificateError: notShown,
  })
  .register(named, { id: 'Certificate' });
