// The envelope of every message between the parts: CloudEvents 1.0 in JSON. Knows no event type.
import { z } from 'zod';

/** https://github.com/cloudevents/spec/blob/main/cloudevents/formats/json-format.md, the attributes Bookend uses. */
export const cloudEventSchema = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.string().min(1),
  subject: z.string().min(1).optional(),
  time: z.iso.datetime().optional(),
  datacontenttype: z.string().optional(),
  data: z.unknown(),
});

export type CloudEvent = z.infer<typeof cloudEventSchema>;
