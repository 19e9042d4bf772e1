// Kill -9 of every part of the stack at every step of a job: each command still runs exactly once, and the job comes to its end.
// Here one or more of each; the whole matrix is `npm run test:kill`. Runs the compiled programs (`npm test` builds first).
import type { Scenario } from './kill-scenarios.js';
import { killSuite } from './kill-suite.js';

const some: readonly Scenario[] = [
  { point: 'order received', kind: 'preparation', victim: 'agent' },
  { point: 'order journaled', kind: 'release', victim: 'broker' },
  { point: 'process spawned', kind: 'task', victim: 'agent' },
  { point: 'process exited', kind: 'preparation', victim: 'parent' },
  { point: 'reported', kind: 'task', victim: 'host' },
  { point: 'pass half saved', kind: 'preparation', victim: 'host' },
  { point: 'orders half sent', kind: 'release', victim: 'host' },
  { point: 'process spawned', kind: 'release', victim: 'all together' },
];

killSuite('a job survives', some);
