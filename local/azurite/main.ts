// The program that holds Azurite: `main.js [--table-port N] [--blob-port N] [--location DIR]`, ports 0 = free ones, no location = in memory.
// Azurite writes its tables to the disk every few seconds and at its end, so this process closes it properly whenever its
// parent goes. Killing this very process may lose the last seconds.
import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { sayReady, stopWithParent } from '../programs/parent.js';
import { startAzuriteServers } from './azurite-servers.js';

const { values } = parseArgs({
  options: {
    'table-port': { type: 'string', default: '0' },
    'blob-port': { type: 'string', default: '0' },
    location: { type: 'string' },
  },
});
if (values.location !== undefined) await mkdir(values.location, { recursive: true });
const servers = await startAzuriteServers({
  tablePort: Number(values['table-port']),
  blobPort: Number(values['blob-port']),
  ...(values.location === undefined ? {} : { location: values.location }),
});
stopWithParent(() => servers.stop(), 8_000);
sayReady({ ready: true, tablePort: servers.tablePort, blobPort: servers.blobPort });
