// The simulator's sealing, which computes nothing and tells the same apart.
import { describe } from 'vitest';
import { memoryState } from '../../helpers/memory-state.js';
import { createRandom } from '../../simulation/core/random.js';
import { createSimSealing, loadSimSeal } from '../../simulation/models/sim-sealing.js';
import { testSealing } from './sealing-cases.js';

describe('simulated sealing', () => {
  const ids = createRandom(1, 'ids');
  testSealing(() => ({ sealing: createSimSealing(ids), newNode: () => loadSimSeal(memoryState(), ids) }));
});
