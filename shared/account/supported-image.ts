// The images that a pool is advised to name, as a deployment declares them. Bookend keeps and echoes whatever a pool names: which system
// its nodes run is up to whoever starts the agent, so the list tells clients what they can expect to be understood, in Batch's words.
// https://learn.microsoft.com/rest/api/batchservice/account/list-supported-images
import { z } from 'zod';
import { filterable, type FilterTable } from '../rest/odata-filter.js';

const name = z.string().min(1).max(256);

const supportedImageSchema = z.strictObject({
  nodeAgentSKUId: name,
  imageReference: z.strictObject({ publisher: name, offer: name, sku: name, version: name.default('latest') }),
  osType: z.enum(['linux', 'windows']),
  capabilities: z.array(name).optional(),
  batchSupportEndOfLife: z.iso.datetime().optional(),
  verificationType: z.enum(['verified', 'unverified']),
});
export const supportedImagesSchema = z.array(supportedImageSchema);

export type SupportedImage = z.infer<typeof supportedImageSchema>;

export const supportedImageFilters = {
  osType: filterable.choice,
  verificationType: filterable.choice,
  nodeAgentSKUId: filterable.choice,
} as const satisfies FilterTable;

const verified = (nodeAgentSKUId: string, publisher: string, offer: string, sku: string): SupportedImage => ({
  nodeAgentSKUId,
  imageReference: { publisher, offer, sku, version: 'latest' },
  osType: 'linux',
  verificationType: 'verified',
});

/** Where nothing else is declared: Linux systems of the Marketplace that run the agent's Node.js. */
export const defaultImages: readonly SupportedImage[] = [
  verified('batch.node.debian 11', 'debian', 'debian-11', '11'),
  verified('batch.node.debian 12', 'debian', 'debian-12', '12'),
  verified('batch.node.el 8', 'almalinux', 'almalinux', '8-gen2'),
  verified('batch.node.el 9', 'almalinux', 'almalinux', '9-gen2'),
  verified('batch.node.ubuntu 20.04', 'canonical', '0001-com-ubuntu-server-focal', '20_04-lts'),
  verified('batch.node.ubuntu 22.04', 'canonical', '0001-com-ubuntu-server-jammy', '22_04-lts'),
  verified('batch.node.ubuntu 24.04', 'canonical', 'ubuntu-24_04-lts', 'server'),
];
