// How many large contents of files this process takes into memory at the same time. Each may be 64 MiB, and is held about twice while it is
// made an answer; the requests that the host lets in could together exhaust its memory otherwise.

const atOnce = 3;
const waiting: (() => void)[] = [];
let taken = 0;

/** Runs `take` once fewer than three others run, in order of arrival. */
export async function inTurn<T>(take: () => Promise<T>): Promise<T> {
  if (taken < atOnce) taken += 1;
  // Whoever ends hands its turn over, so the count stays as it is.
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await take();
  } finally {
    const next = waiting.shift();
    if (next === undefined) taken -= 1;
    else next();
  }
}
