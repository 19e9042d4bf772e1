// Resource and output files as clients say them: what can be seen to be wrong already is refused by name.
// https://learn.microsoft.com/rest/api/batchservice/task/add#resourcefile, #outputfile
import { z } from 'zod';
import { named } from '../rest/named-schemas.js';
import { choice, text, unsupported } from '../rest/body-types.js';
import { refuse } from '../rest/request-body.js';
import { fileModeOf, pathBelow, uploadConditions, type OutputFile, type ResourceFile } from './resource-file.js';

const webUrl = text().refine(isWebUrl, 'expected an http or https URL').meta({ format: 'uri' });

const resourceFileBody = z
  .strictObject({
    httpUrl: webUrl.optional(),
    storageContainerUrl: webUrl.optional(),
    autoStorageContainerName: text()
      .regex(/^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/, 'expected the name of a blob container')
      .optional(),
    blobPrefix: text(1024).optional(),
    filePath: text().optional(),
    fileMode: text()
      .refine((mode) => fileModeOf(mode) !== undefined, 'expected an octal number such as 0770')
      .optional(),
    identityReference: unsupported,
  })
  .superRefine((file, context) => {
    const fault = (name: string, reason: string): void => refuse(context, 'InvalidPropertyValue', reason, [name]);
    const sources = [file.httpUrl, file.storageContainerUrl, file.autoStorageContainerName];
    if (sources.filter((source) => source !== undefined).length !== 1)
      fault('httpUrl', 'expected exactly one of httpUrl, storageContainerUrl and autoStorageContainerName');
    else if (file.httpUrl !== undefined && file.blobPrefix !== undefined)
      fault('blobPrefix', 'expected only with storageContainerUrl or autoStorageContainerName');
    const target = pathBelow(file.filePath ?? '');
    if (target === undefined) fault('filePath', 'expected a path that stays below the working directory');
    else if (file.httpUrl !== undefined && (target === '' || file.filePath?.endsWith('/') === true))
      fault('filePath', 'expected the path of the file, with its name');
  })
  .register(named, { id: 'ResourceFileParameter' });

/** The list of a preparation, a release, a task or a start task. */
export const resourceFilesBody = z.array(resourceFileBody).superRefine((files, context) => {
  const seen = new Set<string>();
  files.forEach(({ httpUrl, filePath }, index) => {
    if (httpUrl === undefined) return;
    const target = pathBelow(filePath ?? '') ?? '';
    if (seen.has(target))
      refuse(context, 'InvalidPropertyValue', 'another resource file has the same path', [String(index), 'filePath']);
    seen.add(target);
  });
});

// What may go with an upload: https://learn.microsoft.com/rest/api/storageservices/put-blob
const uploadHeader =
  /^(x-ms-blob-)?(content-(type|encoding|language|disposition)|cache-control)$|^x-ms-meta-[a-z_]\w*$/i;

const uploadHeadersBody = z.array(
  z.strictObject({
    name: text().regex(uploadHeader, 'expected a content header, Cache-Control or x-ms-meta-…'),
    value: text().optional(),
  }),
);

/** The list of a task or a job manager task. */
export const outputFilesBody = z.array(
  z
    .strictObject({
      filePattern: text().refine((pattern) => pattern !== '', 'a pattern cannot be empty'),
      destination: z.strictObject({
        container: z.strictObject({
          containerUrl: webUrl,
          path: text(1024).optional(),
          identityReference: unsupported,
          uploadHeaders: uploadHeadersBody.optional(),
        }),
      }),
      uploadOptions: z.strictObject({ uploadCondition: choice(uploadConditions) }),
    })
    .register(named, { id: 'OutputFileParameter' }),
);

/** `{ resourceFiles }` as it is stored, or nothing for an empty list. */
export function fromResourceFiles(body: z.output<typeof resourceFilesBody> | undefined): {
  resourceFiles?: ResourceFile[];
} {
  if (body === undefined || body.length === 0) return {};
  return { resourceFiles: body.map(({ identityReference: _, ...file }) => file) };
}

/** `{ outputFiles }` as it is stored, or nothing for an empty list. */
export function fromOutputFiles(body: z.output<typeof outputFilesBody> | undefined): { outputFiles?: OutputFile[] } {
  if (body === undefined || body.length === 0) return {};
  return {
    outputFiles: body.map(({ destination: { container }, ...file }) => {
      const { identityReference: _, uploadHeaders, ...kept } = container;
      const headers = uploadHeaders?.map(({ name, value = '' }) => ({ name, value }));
      return { ...file, destination: { container: { ...kept, ...(headers && { uploadHeaders: headers }) } } };
    }),
  };
}

function isWebUrl(url: string): boolean {
  return URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol);
}
