// Starting and stopping several things as one.
import { describe, expect, it } from 'vitest';
import { atOnce, inOrder, type Resource } from '../../../local/resources.js';

function recording(events: string[], name: string, fault?: 'start' | 'stop'): Resource {
  return {
    name,
    start: async () => {
      if (fault === 'start') throw new Error(`${name} does not start`);
      events.push(`+${name}`);
    },
    stop: async () => {
      if (fault === 'stop') throw new Error(`${name} does not stop`);
      events.push(`-${name}`);
    },
  };
}

describe('resources in order', () => {
  it('start one after the other and stop in reverse', async () => {
    const events: string[] = [];
    const all = inOrder('all', recording(events, 'a'), recording(events, 'b'), recording(events, 'c'));
    await all.start();
    await all.stop();
    await all.stop();
    expect(events).toEqual(['+a', '+b', '+c', '-c', '-b', '-a']);
  });

  it('stop what was started when one fails to start, and tell that failure', async () => {
    const events: string[] = [];
    const all = inOrder('all', recording(events, 'a', 'stop'), recording(events, 'b'), recording(events, 'c', 'start'));
    await expect(all.start()).rejects.toThrow('c does not start');
    expect(events).toEqual(['+a', '+b', '-b']);
  });

  it('stop the others although one does not stop, and tell that failure', async () => {
    const events: string[] = [];
    const all = inOrder('all', recording(events, 'a'), recording(events, 'b', 'stop'), recording(events, 'c'));
    await all.start();
    await expect(all.stop()).rejects.toThrow('b does not stop');
    expect(events).toEqual(['+a', '+b', '+c', '-c', '-a']);
  });
});

describe('resources at once', () => {
  it('are stopped again when one of them fails to start', async () => {
    const events: string[] = [];
    const all = atOnce('all', recording(events, 'a'), recording(events, 'b', 'start'));
    await expect(all.start()).rejects.toThrow('b does not start');
    expect(events.slice(0, 2)).toEqual(['+a', '-a']);
  });
});
