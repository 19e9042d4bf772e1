import { describe, expect, test } from 'vitest';
import type { Core, InvocationModel, RegisteredFunction } from '../../../local/functions-host/app/core-api.js';
import { createInvoker } from '../../../local/functions-host/app/invoke.js';
import { systemIds } from '../../../shared/ids.js';
import { silentLog } from '../../../shared/log.js';
import { createManualClock } from '../../helpers/manual-clock.js';

const noInput = { inputData: [] };

describe('an invocation', () => {
  test('fails once functionTimeout has passed, and its later end changes nothing', async () => {
    const { invoker, clock } = setUp();
    let finish = (): void => undefined;
    const waiting = invoker.invoke(
      functionOf(() => new Promise<void>((resolve) => (finish = resolve))),
      noInput,
    );
    const refused = expect(waiting).rejects.toThrow(/'tested' exceeded functionTimeout \(1000 ms\)/);
    clock.advance(1_000);
    await refused;
    finish();
    await invoker.idle();
    expect(clock.pending()).toBe(0);
  });

  test('that ends in time leaves no timer', async () => {
    const { invoker, clock } = setUp();
    expect(
      await invoker.invoke(
        functionOf(() => 'x'),
        noInput,
      ),
    ).toEqual({ returnValue: { string: 'x' } });
    expect(clock.pending()).toBe(0);
  });

  test('fails with what the function throws, even undefined', async () => {
    const { invoker } = setUp();
    const thrower = (value: unknown) => functionOf(() => Promise.reject(value as Error));
    await expect(invoker.invoke(thrower(new Error('a')), noInput)).rejects.toThrow('a');
    await expect(invoker.invoke(thrower(undefined), noInput)).rejects.toThrow('threw nothing');
  });

  test('fails when the host gives up, now and later', async () => {
    const { invoker } = setUp();
    const stuck = invoker.invoke(
      functionOf(() => new Promise(() => undefined)),
      noInput,
    );
    const refused = expect(stuck).rejects.toThrow('still running when the host stopped');
    invoker.giveUp();
    await refused;
    await expect(
      invoker.invoke(
        functionOf(() => new Promise(() => undefined)),
        noInput,
      ),
    ).rejects.toThrow('stopped');
    await invoker.idle();
  });

  test('runs its hooks in order; one that throws fails it before the function runs', async () => {
    const { invoker, core } = setUp();
    const events: string[] = [];
    core.hooks.preInvocation.push(
      async () => void events.push('before 1'),
      () => void events.push('before 2'),
    );
    core.hooks.postInvocation.push(() => void events.push('after'));
    await invoker.invoke(
      functionOf(() => void events.push('function')),
      noInput,
    );
    expect(events).toEqual(['before 1', 'before 2', 'function', 'after']);
    core.hooks.preInvocation.push(() => Promise.reject(new Error('hook')));
    await expect(
      invoker.invoke(
        functionOf(() => void events.push('never')),
        noInput,
      ),
    ).rejects.toThrow('hook');
    expect(events).not.toContain('never');
  });
});

function functionOf(callback: () => unknown): RegisteredFunction {
  return { metadata: { name: 'tested', bindings: {} }, callback };
}

function setUp() {
  const clock = createManualClock();
  const model: InvocationModel = {
    getArguments: async () => ({ context: {}, inputs: [] }),
    invokeFunction: async (_context, inputs, callback) => callback(...inputs),
    getResponse: async (_context, result) => ({ returnValue: { string: String(result) } }),
  };
  const core: Core = {
    functions: new Map(),
    hooks: { preInvocation: [], postInvocation: [], appStart: [], appTerminate: [], log: [] },
    model: { name: 'm', version: '1', getInvocationModel: () => model, getCapabilities: async (all) => all },
    isLocked: true,
    log: () => undefined,
    appDir: undefined,
  };
  const options = { clock, ids: systemIds, log: silentLog, functionTimeoutMs: 1_000, appHookData: {} };
  return { clock, core, invoker: createInvoker(core, options) };
}
