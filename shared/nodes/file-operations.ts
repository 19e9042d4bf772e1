// The operations on files, which those of a node and those of a task have in common. https://learn.microsoft.com/rest/api/batchservice/file
// A file path is one segment with %2F; the routes take it with plain slashes too, as `taskRootDirectoryUrl` has them.
import type { OperationDefinition } from '../rest/operation-definition.js';
import type { OperationRequest } from '../rest/operation-request.js';
import { listResources } from '../rest/resource-query.js';
import { done, fileContent, listOf } from '../rest/success.js';
import type { Services } from '../services.js';
import {
  toFileContentAnswer,
  toFilePropertiesAnswer,
  toNodeFileResource,
  type FilesPlace,
} from './node-file-resource.js';
import { fileFilters } from './node-filters.js';
import { createFileList, deleteFile, filePathOf, readFile, readFileProperties, type FileRoot } from './node-files.js';
import { shownFile } from './node-schema.js';

/** Whose files they are. */
export type FileOwner<Root extends FileRoot> = {
  readonly name: 'node' | 'task';
  /** Of the list; a file's own is below it. */
  readonly route: string;
  /** Finds the files that a request is about; throws what says that they are not there. */
  locate(request: OperationRequest, services: Services): Promise<Root>;
  toPlace(root: Root, baseUrl: string): FilesPlace;
};

/** List, read, properties and delete, as `list-<name>-files`, `get-<name>-file`, `<name>-file-properties` and `delete-<name>-file`. */
export function fileOperationsOf<Root extends FileRoot>(owner: FileOwner<Root>): readonly OperationDefinition[] {
  const { name, route, locate, toPlace } = owner;
  const fileRoute = `${route}/{filePath}/{*rest}`;
  return [
    {
      name: `list-${name}-files`,
      verb: 'GET',
      route,
      summary: `Lists the files below the ${name === 'node' ? 'root directory' : 'directory'} of a ${name}.`,
      query: ['$filter', 'maxresults', 'recursive'],
      success: listOf('files', shownFile),
      handle: async (request, services) => {
        const recursive = request.flag('recursive');
        const root = await locate(request, services);
        const list = await listResources(request, {
          filters: fileFilters,
          readPage: createFileList(services, root, recursive),
          continueAfter: (file) => file.name,
          toResource: (file) => toNodeFileResource(file, toPlace(root, request.baseUrl)),
        });
        return { list };
      },
    },
    {
      name: `get-${name}-file`,
      verb: 'GET',
      route: fileRoute,
      summary: `Reads a file of a ${name}, or a range of it.`,
      conditional: true,
      reads: ['ocp-range'],
      success: fileContent(),
      handle: async (request, services) => {
        const root = await locate(request, services);
        const { file, content } = await readFile(services, root, filePathOf(request), request.header('ocp-range'));
        return toFileContentAnswer(file, content, toPlace(root, request.baseUrl));
      },
    },
    {
      name: `${name}-file-properties`,
      verb: 'HEAD',
      route: fileRoute,
      summary: `Tells the properties of a file of a ${name}.`,
      conditional: true,
      success: fileContent(),
      handle: async (request, services) => {
        const root = await locate(request, services);
        const file = await readFileProperties(services, root, filePathOf(request));
        return toFilePropertiesAnswer(file, toPlace(root, request.baseUrl));
      },
    },
    {
      name: `delete-${name}-file`,
      verb: 'DELETE',
      route: fileRoute,
      summary: `Deletes a file or folder of a ${name}.`,
      query: ['recursive'],
      success: done(200),
      handle: async (request, services) => {
        const recursive = request.flag('recursive');
        await deleteFile(services, await locate(request, services), filePathOf(request), recursive);
        return {};
      },
    },
  ];
}
