// Where things stand below the node root, as Batch lays it out: relative paths with '/'.
// https://learn.microsoft.com/azure/batch/files-and-directories

import { startTaskDirectory } from '../shared/nodes/node-messages.js';

export const rootDirectories = ['applications', 'fsmounts', 'shared', 'startup', 'volatile', 'workitems'] as const;

/** Holds the image marker; Batch promises nothing about this folder. */
export const imageMarkerPath = 'volatile/image.json';

export type TaskPaths = {
  readonly task: string;
  readonly working: string;
  readonly certificates: string;
  readonly stdout: string;
  readonly stderr: string;
};

/** The folders and output files of one task, preparation or release; the start task's folder is Batch's `startup` itself. */
export function taskPaths(jobDirectory: string, taskId: string): TaskPaths {
  const task = jobDirectory === startTaskDirectory ? startTaskDirectory : `${jobDirectory}/${taskId}`;
  return {
    task,
    working: `${task}/wd`,
    certificates: `${task}/certs`,
    stdout: `${task}/stdout.txt`,
    stderr: `${task}/stderr.txt`,
  };
}

/** Whether a path stays below where it starts: relative, without empty, '.' or '..' segments. */
export function isPlainPath(path: string): boolean {
  return !path.includes('\0') && path.split('/').every((segment) => !['', '.', '..'].includes(segment));
}
