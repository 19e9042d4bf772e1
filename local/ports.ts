// Whether a port on 127.0.0.1 can be had, asked before anything is started. Knows nothing of who wants it.
import { createServer } from 'node:net';

/** The wanted port belongs to somebody else. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

/** Throws PortTaken when `port` cannot be listened on; port 0 always can. */
export function requireFreePort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => {
      const reason = 'code' in error && error.code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${error.message})`;
      reject(
        new PortTaken(`Port ${port} on 127.0.0.1 ${reason}; choose another with --port N, or --port 0 for a free one`),
      );
    });
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve()));
  });
}
