// The schemas that have a name in the description of the API: `schema.register(named, { id: 'CloudJob' })`. Names are Batch's where Batch
// has one. A registry of our own, as zod's global one is shared by everything that is loaded with it.
import { z } from 'zod';

export const named = z.registry<{ id: string }>();
