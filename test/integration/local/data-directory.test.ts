// Who holds a data directory, and what becomes of a temporary one.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { access, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDataDirectory } from '../../../local/data/data-directory.js';
import { DirectoryInUse } from '../../../local/data/directory-lock.js';
import { openResidents } from '../../../local/data/residents.js';
import { identifyProcess } from '../../../local/data/process-identity.js';
import { loadSecrets } from '../../../local/data/secrets.js';
import { eventually } from '../../helpers/eventually.js';

const script = fileURLToPath(new URL('../../fixtures/programs/child.mjs', import.meta.url));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'data-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function otherProcess(): Promise<ChildProcess> {
  const child = fork(script, ['steady', '1']);
  await once(child, 'message');
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

it('a directory held by a living process is refused, naming that process', async () => {
  const holder = await otherProcess();
  try {
    await writeFile(join(directory, 'lock.json'), JSON.stringify(identifyProcess(holder.pid ?? 0)));
    await expect(openDataDirectory(directory)).rejects.toThrow(DirectoryInUse);
    await expect(openDataDirectory(directory)).rejects.toThrow(`in use by process ${holder.pid}`);
  } finally {
    await end(holder);
  }
});

it('the lock of a process that is gone counts for nothing', async () => {
  const holder = await otherProcess();
  await writeFile(join(directory, 'lock.json'), JSON.stringify(identifyProcess(holder.pid ?? 0)));
  await end(holder);
  const data = await openDataDirectory(directory);
  expect(JSON.parse(await readFile(join(directory, 'lock.json'), 'utf8'))).toMatchObject({ pid: process.pid });
  await data.close();
});

it('the lock of another process with the same number counts for nothing', async () => {
  const present = identifyProcess(process.pid);
  await writeFile(join(directory, 'lock.json'), JSON.stringify({ ...present, startTicks: '1' }));
  await (await openDataDirectory(directory)).close();
});

it('a torn lock counts for nothing', async () => {
  await writeFile(join(directory, 'lock.json'), '{"pid":');
  await (await openDataDirectory(directory)).close();
});

it('of several that open one directory at once, exactly one has it', async () => {
  const opened = await Promise.allSettled(Array.from({ length: 5 }, () => openDataDirectory(directory)));
  const held = opened.filter((each) => each.status === 'fulfilled');
  expect(held).toHaveLength(1);
  await held[0]?.value.close();
});

it('a directory that was given back can be opened again, with what was in it', async () => {
  const secrets = await loadSecrets(directory);
  await (await openDataDirectory(directory)).close();
  const again = await openDataDirectory(directory);
  expect(await loadSecrets(again.path)).toEqual(secrets);
  await again.close();
});

it('secrets are readable by their owner alone and differ from directory to directory', async () => {
  const temporary = await openDataDirectory(undefined);
  const secrets = await loadSecrets(temporary.path);
  expect((await stat(join(temporary.path, 'secrets.json'))).mode & 0o777).toBe(0o600);
  expect((await stat(temporary.path)).mode & 0o777).toBe(0o700);
  expect(secrets).not.toEqual(await loadSecrets(directory));
  await temporary.close();
});

it('a temporary directory is gone once it is given back', async () => {
  const temporary = await openDataDirectory(undefined);
  await temporary.close();
  await expect(access(temporary.path)).rejects.toThrow('ENOENT');
});

it('a temporary directory whose owner was killed is removed by the next one', async () => {
  const holder = await otherProcess();
  const abandoned = await mkdtemp(join(tmpdir(), 'bookend-stack-'));
  await writeFile(join(abandoned, 'lock.json'), JSON.stringify(identifyProcess(holder.pid ?? 0)));
  await end(holder);
  await (await openDataDirectory(undefined)).close();
  await expect(access(abandoned)).rejects.toThrow('ENOENT');
});

it('a directory is opened only once the processes of an earlier stack in it are gone', async () => {
  const data = await openDataDirectory(directory);
  const former = await otherProcess();
  data.residents.enter(former.pid ?? 0, new Promise(() => undefined));
  await data.close();
  let isOpen = false;
  const opening = openDataDirectory(directory).then((again) => {
    isOpen = true;
    return again;
  });
  // The lock is taken before the wait: from then on only the former process holds it up.
  await eventually('the lock', () => existsSync(join(directory, 'lock.json')));
  expect(isOpen).toBe(false);
  await end(former);
  await (await opening).close();
});

it('a process that does not leave the directory is killed in the end', async () => {
  const former = await otherProcess();
  (await openResidents(directory, 0)).enter(former.pid ?? 0, new Promise(() => undefined));
  const gone = once(former, 'exit');
  await openResidents(directory, 0);
  expect(identifyProcess(former.pid ?? 0)).toBeUndefined();
  await gone;
});
