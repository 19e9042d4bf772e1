// Loads a function app as the Functions worker does: package.json `main`, each file in turn, then the registry is closed.
// An error while loading fails here and loudly; Azure would show an app without functions instead.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { installCore, type Core } from './core-api.js';
import { findEntryFiles } from './find-entry-files.js';

export type LoadedApp = { readonly core: Core; readonly capabilities: Readonly<Record<string, string>> };

const packageSchema = z.object({ main: z.string().min(1).default('dist/functions/**/*.js') });

/**
 * Loads the app in `appDir` into this process; loading the same app again returns what is there.
 * Throws when a file fails to load (naming it), when no file or no function is found, when this process already holds
 * another app, or when the app asks for HTTP streaming. `main` overrides the glob of package.json.
 */
export async function loadApp(appDir: string, main?: string): Promise<LoadedApp> {
  const folder = path.resolve(appDir);
  const core = installCore();
  if (core.appDir === undefined) {
    core.appDir = folder;
    await importEntryFiles(folder, main ?? (await readMain(folder)));
    core.isLocked = true;
  } else if (core.appDir !== folder) {
    throw new Error(`This process already holds the app in ${core.appDir}; start another process for ${folder}`);
  } else if (!core.isLocked) {
    throw new Error(`The app in ${folder} is still being loaded, or failed to load in this process`);
  }
  if (core.model === undefined || core.functions.size === 0) {
    throw new Error(`The app in ${folder} registered no function`);
  }
  const capabilities = await core.model.getCapabilities({ RawHttpBodyBytes: 'true', RpcHttpBodyOnly: 'true' });
  if (capabilities['HttpUri'] !== undefined) {
    throw new Error('app.setup({ enableHttpStream: true }) is not supported by the local host');
  }
  return { core, capabilities };
}

async function readMain(appDir: string): Promise<string> {
  const file = path.join(appDir, 'package.json');
  return packageSchema.parse(JSON.parse(await readFile(file, 'utf8'))).main;
}

async function importEntryFiles(appDir: string, pattern: string): Promise<void> {
  const files = await findEntryFiles(appDir, pattern);
  if (files.length === 0) throw new Error(`No file in ${appDir} matches "${pattern}", the main of its package.json`);
  for (const file of files) {
    try {
      // One after the other: the order of registrations must be the same in every process.
      await import(pathToFileURL(file).href);
    } catch (cause) {
      throw new Error(`Entry file ${path.relative(appDir, file)} failed to load`, { cause });
    }
  }
}
