// What must hold when everything has come to rest: nothing accepted is lost, nobody waits for anything, only poison was given up.
import type { Operation } from '../core/facts.js';
import type { CreateChecker } from './checker.js';

export const checkRest: CreateChecker = ({ violate, view, machines, mayGiveUp }) => {
  const accepted: Operation[] = [];
  const poison = new Set<string>();
  const mayVanish = new Set<string>();
  return {
    onFact(fact) {
      if (fact.type === 'accepted') accepted.push(fact.operation);
      if (fact.type === 'poisonSent') poison.add(fact.messageId);
      if (fact.type === 'poisonSent' && fact.mayVanish === true) mayVanish.add(fact.messageId);
    },
    atRest() {
      checkAccepted();
      checkLists();
      checkDeadLetters();
      checkNothingInFlight();
    },
  };

  function checkAccepted(): void {
    const last = new Map<string, Operation>();
    for (const operation of accepted) {
      if ('jobId' in operation && operation.kind !== 'addTasks' && operation.kind !== 'deleteTask')
        last.set(`job ${operation.jobId}`, operation);
      if ('poolId' in operation) last.set(`pool ${operation.poolId}`, operation);
    }
    for (const [what, operation] of last) {
      if ('scheduleId' in operation) continue;
      const wrong = 'jobId' in operation ? wrongWithJob(operation) : wrongWithPool(operation);
      if (wrong !== undefined)
        violate('promise 5: what was accepted happens', `${operation.kind} of ${what} was accepted, but ${wrong}`);
    }
  }

  // Who is not in the list is not shown, and an open job without a reference in its pool is not found by the sweep.
  function checkLists(): void {
    const listed = new Set(view.listedJobs());
    for (const jobId of new Set(accepted.flatMap((each) => ('jobId' in each ? [each.jobId.toLowerCase()] : [])))) {
      const { job } = view.job(jobId);
      if (job === undefined) continue;
      if (!listed.has(jobId))
        violate('promise 5: what was accepted happens', `job ${jobId} is not in the list of jobs`);
      if (job.state === 'completed' || view.pool(job.definition.poolId).refs.includes(jobId)) continue;
      violate('promise 5: what was accepted happens', `job ${jobId} is ${job.state}, but its pool knows nothing of it`);
    }
  }

  function wrongWithJob(operation: Extract<Operation, { jobId: string }>): string | undefined {
    const { job, tasks } = view.job(operation.jobId);
    switch (operation.kind) {
      case 'deleteJob':
        return job === undefined ? undefined : `it is ${job.state}`;
      case 'terminateJob':
        return job?.state === 'completed' ? undefined : `it is ${job?.state ?? 'gone'}`;
      case 'addJob': {
        if (job === undefined) return 'it is gone';
        const added = accepted.slice(accepted.lastIndexOf(operation));
        const deleted = added.flatMap((each) => (each.kind === 'deleteTask' ? [each.taskId] : []));
        const wanted = added.flatMap((each) =>
          each.kind === 'addTasks' && each.jobId === operation.jobId ? each.taskIds : [],
        );
        const missing = wanted.filter(
          (id) => !deleted.includes(id) && !tasks.some(({ definition }) => definition.id === id),
        );
        return missing.length === 0 ? undefined : `tasks are missing: ${missing.join(', ')}`;
      }
      default:
        return undefined;
    }
  }

  function wrongWithPool(operation: Extract<Operation, { poolId: string }>): string | undefined {
    const { pool } = view.pool(operation.poolId);
    if (operation.kind === 'addPool') return pool === undefined ? 'it is gone' : undefined;
    if (operation.kind !== 'deletePool') return wrongWithNodes(operation.poolId);
    if (pool !== undefined) return `it is ${pool.state}`;
    const left = machines().filter((machine) => machine.poolId === operation.poolId && machine.isUp());
    return left.length === 0 ? undefined : `its machines are still there: ${left.map(({ name }) => name).join(', ')}`;
  }

  // A pool that was resized is steady, with the nodes that it wants and their machines; no node is on its way anywhere.
  function wrongWithNodes(poolId: string): string | undefined {
    const { pool, nodes } = view.pool(poolId);
    if (pool?.allocationState !== 'steady') return `it is ${pool?.allocationState ?? 'gone'}`;
    const { targetDedicatedNodes } = pool.definition;
    const provided = nodes.filter(({ isSelfProvided }) => isSelfProvided !== true).length;
    if (provided !== targetDedicatedNodes) return `it has ${provided} nodes, not ${targetDedicatedNodes}`;
    const onTheirWay = nodes.filter(({ request, state }) => request !== undefined && state !== 'unknown');
    if (onTheirWay.length > 0)
      return `these are on their way: ${onTheirWay.map(({ id, state }) => `${id} ${state}`).join()}`;
    const known = new Set(nodes.map(({ id }) => id));
    const stray = machines().filter((each) => each.poolId === poolId && each.isUp() && !known.has(each.nodeId));
    return stray.length === 0 ? undefined : `its machines are still there: ${stray.map(({ name }) => name).join()}`;
  }

  function checkDeadLetters(): void {
    const letters = view.deadLetters();
    for (const { messageId, reason, queue } of letters)
      // Tried ten times in vain while everything failed: not lost, but on the list for a person, and the sweep does without it.
      if (!poison.has(messageId) && !(reason === 'MaxDeliveryCountExceeded' && mayGiveUp()))
        violate(
          'promise 7: poison is set aside alone',
          `a good message of ${queue} was given up: ${messageId}: ${reason.slice(0, 400)}`,
        );
    for (const messageId of poison) {
      const found = letters.filter((letter) => letter.messageId === messageId);
      if (found.length === 0 && !mayVanish.has(messageId))
        violate('promise 7: poison is set aside alone', `poison ${messageId} is not on the list`);
      if (found.some(({ reason }) => reason === ''))
        violate('promise 7: poison is set aside alone', `poison ${messageId} stands there without a reason`);
    }
  }

  function checkNothingInFlight(): void {
    const jobIds = new Set(accepted.flatMap((each) => ('jobId' in each ? [each.jobId] : [])));
    const poolIds = new Set(accepted.flatMap((each) => ('poolId' in each ? [each.poolId] : [])));
    for (const jobId of jobIds) {
      const { job, jobNodes } = view.job(jobId);
      if (job === undefined || job.state === 'active') continue;
      for (const { nodeId, preparation, release, runs } of jobNodes) {
        const flying = [preparation.state, release.state].some((state) => state === 'ordered' || state === 'running');
        if (flying || runs.length > 0)
          violate(
            'promise 6: the end is the same',
            `${jobId} is ${job.state}, but on ${nodeId} its preparation is ${preparation.state}, its release ${release.state}, runs ${runs.length}`,
          );
      }
    }
    for (const poolId of poolIds) {
      const { nodes } = view.pool(poolId);
      for (const { id, leases, state } of nodes) {
        const held = leases.filter(
          ({ jobId }) => !view.job(jobId).jobNodes.some((each) => each.nodeId === id && each.runs.length > 0),
        );
        if (held.length > 0)
          violate(
            'promise 6: the end is the same',
            `${state} node ${id} still holds slots for ${held.map(({ taskId }) => taskId).join(', ')}`,
          );
      }
    }
    for (const machine of machines()) {
      for (const { fact, isLeftover } of machine.processes.values()) {
        const { job } = view.job(fact.jobId);
        const isOver = job === undefined || job.incarnation !== fact.incarnation || job.state === 'completed';
        if (isOver && !isLeftover)
          violate(
            'promise 6: the end is the same',
            `${fact.kind} ${fact.jobId}/${fact.taskId} still runs on ${machine.name}`,
          );
      }
    }
  }
};
