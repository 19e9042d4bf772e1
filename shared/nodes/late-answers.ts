// Answers of nodes that came when nobody waited for them any more: a large one stands in a blob of its own, which nobody has taken.
import type { Services } from '../services.js';

/** Folder of the one-use blobs with large answers. */
export const answerFolder = 'file-replies';

// Whoever asked gave up after seconds, and the URL to write there is as short-lived.
const takenWithinMs = 10 * 60_000;

/** Removes the answers that are too old to be waited for. */
export async function removeLateAnswers({ blobs, clock }: Pick<Services, 'blobs' | 'clock'>): Promise<void> {
  const latest = clock.now().getTime() - takenWithinMs;
  for (const { name, modified } of await blobs.list(`${answerFolder}/`))
    if (modified.getTime() < latest) await blobs.remove(name);
}
