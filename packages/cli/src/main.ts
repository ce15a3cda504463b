#!/usr/bin/env -S node -C @signpost/source --disable-warning=ExperimentalWarning
/** The `signpost` command. The only file that reads the environment and the arguments. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from './command.ts';
import { openCompileCache } from './compile-cache.ts';

const { argv, env } = process;

openCompileCache(readHome(env.XDG_CACHE_HOME, env.LOCALAPPDATA, '.cache'));
// After the cache is open: what is imported above was compiled without it.
const { run } = await import('./run.ts');
process.exitCode = await run({ words: argv.slice(2), environment: readEnvironment() });

function readEnvironment(): Environment {
  return {
    server: env.SIGNPOST_SERVER || undefined,
    apiKey: env.SIGNPOST_API_KEY || undefined,
    clientCert: env.SIGNPOST_CLIENT_CERT || undefined,
    clientKey: env.SIGNPOST_CLIENT_KEY || undefined,
    configDir: join(readHome(env.XDG_CONFIG_HOME, env.APPDATA, '.config'), 'signpost'),
    program: [process.execPath, ...process.execArgv, import.meta.filename],
    variables: env,
  };
}

// XDG Base Directory Specification, and what Windows has in its place.
function readHome(xdg: string | undefined, windows: string | undefined, fallback: string): string {
  if (process.platform === 'win32' && windows) return windows;
  return xdg || join(homedir(), fallback);
}
