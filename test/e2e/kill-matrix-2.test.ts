// The other half of the whole matrix of kills; `npm run test:kill` runs both, beside each other.
import { killMatrix } from './kill-suite.js';

killMatrix(2, 2);
