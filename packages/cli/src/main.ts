#!/usr/bin/env -S node -C @signpost/source --disable-warning=ExperimentalWarning
/** The `signpost` command. The only file that touches the process: its arguments, variables and streams. */
import { registerHooks } from 'node:module';
import { homedir } from 'node:os';
import { openCompileCache } from './compile-cache.ts';
import { findCacheHome, readEnvironment } from './environment.ts';
import { errorCodeOf } from './files/atomic-write.ts';
import { createResolve } from './module-resolution.ts';

const { argv, env, stdin, stdout, stderr } = process;
const surroundings = {
  variables: env,
  home: homedir(),
  program: [process.execPath, ...process.execArgv, import.meta.filename],
};

openCompileCache(findCacheHome(surroundings));
registerHooks({ resolve: createResolve() });
// After both: what is imported above was found and compiled without them.
const { run } = await import('./run.ts');
// A reader that has seen enough, such as `head`, is no failure.
stdout.on('error', (error) => process.exit(errorCodeOf(error) === 'EPIPE' ? 0 : 1));
process.exitCode = await run({
  words: argv.slice(2),
  environment: readEnvironment(surroundings),
  streams: { stdin, stdout, stderr },
});
