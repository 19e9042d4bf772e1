// Where a node finds what it is to run: in the order itself, or in a blob when that is too long for a message. URLs given here are good for a
// limited time; a node that comes too late asks for its order once more.
import type { RunOrder } from '../nodes/node-messages.js';
import type { Services } from '../services.js';
import type { ResourceFile } from '../tasks/resource-file.js';
import type { RunDefinition } from '../tasks/run-definition.js';
import type { DraftRunOrder } from './draft.js';

// A message takes 256 KB, and an order may carry several definitions.
const maxInlineCharacters = 30_000;

/** What the names of the long definitions of a job, or of a pool's start tasks, start with. */
const definitionFolder = (incarnation: string): string => `definitions/${incarnation}/`;

/** Removes the long definitions of a job, or of a pool, that is about to be gone. */
export async function removeDefinitions({ blobs }: Pick<Services, 'blobs'>, incarnation: string): Promise<void> {
  for (const { name } of await blobs.list(definitionFolder(incarnation))) await blobs.remove(name);
}

/** The run's definition as its order carries it, with URLs for the containers of the linked account. */
export async function placeDefinition(
  services: Services,
  incarnation: string,
  run: DraftRunOrder,
): Promise<RunOrder['definition']> {
  const { blobs, config } = services;
  const definition = withContainerUrls(services, run.definition);
  const text = JSON.stringify(definition);
  if (text.length <= maxInlineCharacters) return { inline: definition };
  const name = `${definitionFolder(incarnation)}${run.runId}.json`;
  await blobs.put(name, Buffer.from(text));
  return { url: await blobs.urlFor(name, 'read', config.orderUrlValidMs) };
}

function withContainerUrls(services: Services, definition: RunDefinition): RunDefinition {
  if (definition.resourceFiles?.some(({ autoStorageContainerName }) => autoStorageContainerName !== undefined) !== true)
    return definition;
  return { ...definition, resourceFiles: definition.resourceFiles.map((file) => withContainerUrl(services, file)) };
}

// A container that nobody is let into gets no URL; the node tells that it was not found.
function withContainerUrl({ blobs, config }: Services, file: ResourceFile): ResourceFile {
  if (file.autoStorageContainerName === undefined) return file;
  const url = blobs.containerUrlFor(file.autoStorageContainerName, config.orderUrlValidMs);
  return url === undefined ? file : { ...file, storageContainerUrl: url };
}
