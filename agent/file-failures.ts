// Failures of resource files and output files, with the codes that Batch has for them. Details name what the user wrote, without signatures.
// https://learn.microsoft.com/dotnet/api/microsoft.azure.batch.common.taskfailureinformationcodes
import type { FailureInfo } from '../shared/tasks/run-definition.js';
import type { FileFault } from './disk.js';
import type { TransferFault } from './transfers.js';

type Code = readonly [category: FailureInfo['category'], code: string];

const blobCodes: Readonly<Record<TransferFault, Code>> = {
  denied: ['usererror', 'BlobAccessDenied'],
  notFound: ['usererror', 'BlobNotFound'],
  conflict: ['servererror', 'BlobDownloadMiscError'],
  timedOut: ['servererror', 'BlobDownloadTimedOut'],
  other: ['servererror', 'BlobDownloadMiscError'],
};
const containerCodes: Readonly<Record<TransferFault, Code>> = {
  denied: ['usererror', 'ResourceContainerAccessDenied'],
  notFound: ['usererror', 'ResourceContainerNotFound'],
  conflict: ['servererror', 'ResourceContainerListMiscError'],
  timedOut: ['servererror', 'ResourceContainerListTimedOut'],
  other: ['servererror', 'ResourceContainerListMiscError'],
};
const uploadCodes: Readonly<Record<TransferFault, Code>> = {
  denied: ['usererror', 'FileUploadAccessDenied'],
  notFound: ['usererror', 'FileUploadContainerNotFound'],
  conflict: ['usererror', 'FileUploadConflict'],
  timedOut: ['servererror', 'FileUploadTimedOut'],
  other: ['servererror', 'FileUploadMiscError'],
};
const diskCodes: Readonly<Record<FileFault, Code>> = {
  escapes: ['usererror', 'ResourceFileCreateFailed'],
  directoryNotMade: ['servererror', 'ResourceDirectoryCreateFailed'],
  notCreated: ['servererror', 'ResourceFileCreateFailed'],
  notWritten: ['servererror', 'ResourceFileWriteFailed'],
  diskFull: ['servererror', 'DiskFull'],
};

export type FileNames = {
  /** Where it comes from or goes to, without its signature. */
  readonly source?: string;
  /** Path below the working directory, or the pattern. */
  readonly filePath?: string;
};

export const blobFailed = (fault: TransferFault, message: string, names: FileNames): FailureInfo =>
  toFailure(blobCodes[fault], 'A resource file could not be downloaded', message, names);

export const containerFailed = (fault: TransferFault, message: string, names: FileNames): FailureInfo =>
  toFailure(containerCodes[fault], 'The container of resource files could not be listed', message, names);

export const fileFailed = (fault: FileFault, message: string, names: FileNames): FailureInfo =>
  toFailure(diskCodes[fault], 'A resource file could not be put on the node', message, names);

export const uploadFailed = (fault: TransferFault, message: string, names: FileNames): FailureInfo =>
  toFailure(uploadCodes[fault], 'An output file could not be uploaded', message, names);

function toFailure([category, code]: Code, message: string, cause: string, names: FileNames): FailureInfo {
  const { source, filePath } = names;
  return {
    category,
    code,
    message,
    details: [
      { name: 'Message', value: cause },
      ...(source === undefined ? [] : [{ name: 'BlobSource', value: source }]),
      ...(filePath === undefined ? [] : [{ name: 'FilePath', value: filePath }]),
    ],
  };
}

/** A URL without its query, which may carry a signature, and without user and password. */
export function withoutSignature(url: string): string {
  const bare = url.replace(/[?#].*$/s, '');
  return bare.replace(/^(\w+:\/\/)[^/@]*@/, '$1');
}
