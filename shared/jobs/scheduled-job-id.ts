// Ids of the jobs that a job schedule makes: `<schedule id>:job-<n>`, n from 1. Users cannot give such ids themselves.

/** The id of the schedule's job of this number. */
export const scheduledJobId = (scheduleId: string, number: number): string => `${scheduleId}:job-${number}`;

/** Whose job it is, and which; undefined for a job that a user added. */
export function parseScheduledJobId(
  jobId: string,
): { readonly scheduleId: string; readonly number: number } | undefined {
  const [, scheduleId, number] = /^([^:]+):job-(\d+)$/i.exec(jobId) ?? [];
  return scheduleId === undefined ? undefined : { scheduleId, number: Number(number) };
}

/** The schedules that made these jobs, each once. */
export function schedulesOf(jobIds: readonly string[]): readonly string[] {
  return [...new Set(jobIds.flatMap((jobId) => parseScheduledJobId(jobId)?.scheduleId ?? []))];
}
