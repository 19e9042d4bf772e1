// The applications of the account, as a deployment declares them: names and versions that clients can look up. Packages are not kept, so
// nothing can refer to one. https://learn.microsoft.com/rest/api/batchservice/application
import { z } from 'zod';

const applicationSchema = z
  .strictObject({
    id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'expected 1 to 64 letters, digits, - or _' }),
    displayName: z.string().min(1).max(1024).optional(),
    versions: z
      .array(z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: 'expected 1 to 64 letters, digits, -, _ or .' }))
      .default([]),
  })
  .transform(({ id, displayName = id, versions }) => ({ id, displayName, versions }));

/** Ids are told apart without regard to letter case. */
export const applicationsSchema = z
  .array(applicationSchema)
  .refine((all) => new Set(all.map(({ id }) => id.toLowerCase())).size === all.length, {
    error: 'expected each id once',
  });

export type Application = z.infer<typeof applicationSchema>;
