// Every scenario by name.
import { attemptScenarios } from './attempts.js';
import { basicScenarios } from './basic.js';
import { fileScenarios } from './files.js';
import { furtherScenarios } from './further.js';
import { intruderScenarios } from './intruder.js';
import { jobScenarios } from './jobs.js';
import { poolScenarios } from './pools-and-nodes.js';
import { scheduleScenarios } from './schedules.js';
import { taskScenarios } from './tasks.js';
import type { Scenario } from './play.js';

export const allScenarios: readonly Scenario[] = [
  ...basicScenarios,
  ...furtherScenarios,
  ...taskScenarios,
  ...jobScenarios,
  ...fileScenarios,
  ...intruderScenarios,
  ...poolScenarios,
  ...attemptScenarios,
  ...scheduleScenarios,
];

/** The scenario of that name. Throws with the names there are. */
export function scenarioNamed(name: string): Scenario {
  const found = allScenarios.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  throw new Error(`There is no scenario '${name}'; there are ${allScenarios.map((each) => each.name).join(', ')}`);
}
