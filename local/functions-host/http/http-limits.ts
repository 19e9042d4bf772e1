// What one client, and all of them together, may take of the host.

export type HttpLimits = {
  readonly maxBodySizeBytes: number;
  /** Of all bodies that are held at one time. */
  readonly maxHeldBodyBytes: number;
  /** How many bytes of large answers may wait for clients to read them; an answer alone may be larger. */
  readonly maxUnreadAnswerBytes: number;
  /** Of request line and headers together. */
  readonly maxHeaderSizeBytes: number;
  /** Of path and query. */
  readonly maxTargetLength: number;
  /** At one time; the one that has been without a request for longest makes way for a new one. */
  readonly maxConnections: number;
  /** How many requests may wait on one connection behind the one that is served. */
  readonly maxPipelinedRequests: number;
  /** How long the head of a request may take to arrive. */
  readonly headersTimeoutMs: number;
  /** How long a whole request may take to arrive. */
  readonly requestTimeoutMs: number;
  /** How long a connection may stay silent while an answer is awaited or read. */
  readonly silenceTimeoutMs: number;
  /** How long a connection without a request is kept. */
  readonly keepAliveTimeoutMs: number;
};

/** 230 s is how long Azure's front end waits for an answer; the others are this host's. */
export const defaultHttpLimits: HttpLimits = {
  maxBodySizeBytes: 10 * 1024 * 1024,
  maxHeldBodyBytes: 128 * 1024 * 1024,
  maxUnreadAnswerBytes: 256 * 1024 * 1024,
  maxHeaderSizeBytes: 32 * 1024,
  maxTargetLength: 24 * 1024,
  maxConnections: 1_000,
  maxPipelinedRequests: 32,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 60_000,
  silenceTimeoutMs: 240_000,
  keepAliveTimeoutMs: 120_000,
};
