// The controller's decisions and the agent's together, under every mixture of late, doubled, reordered and redelivered messages, dying passes,
// reboots, new images and lost nodes that fast-check comes upon. The promises are held against what really happened on the nodes.
// The seed is fixed so that the suite says the same every time; another seed and more runs search further.
import { assert, constantFrom, array, nat, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { preparationDefinition, taskDefinition } from '../../helpers/definitions.js';
import { createStory, finishStory, step, type Act } from './story.js';

const acts: readonly Act[] = [
  ...([
    'order',
    'order',
    'order',
    'sameOrder',
    'exit',
    'exit',
    'fail',
    'report',
    'report',
    'pass',
    'pass',
    'pass',
  ] as const),
  ...(['laterFirst', 'sameReport', 'crash', 'time', 'longTime', 'wakeUp', 'sweep'] as const),
  ...(['reboot', 'reimage', 'addTasks', 'terminate', 'delete', 'deleteTask', 'deletePool', 'addPool'] as const),
];
const steps = array(record({ act: constantFrom(...acts), pick: nat(1000) }), { maxLength: 60, size: 'max' });

test.each([
  ['waits for its preparation', preparationDefinition(), 1],
  ['waits for its preparation, on nodes with two slots', preparationDefinition(), 2],
  ['does not wait for its preparation', preparationDefinition({ waitForSuccess: false }), 2],
  ['keeps its preparation over a reboot', preparationDefinition({ rerunOnNodeRebootAfterSuccess: false }), 2],
])('a job that %s keeps every promise whatever happens', (_, jobPreparationTask, taskSlotsPerNode) => {
  assert(
    property(steps, (played) => {
      const story = createStory({
        taskSlotsPerNode,
        jobPreparationTask,
        tasks: [taskDefinition('t1'), taskDefinition('t2')],
      });
      for (const each of played) step(story, each);
      finishStory(story);
      expect(story.broken).toEqual([]);
    }),
    { numRuns: 30, seed: 1 },
  );
});
