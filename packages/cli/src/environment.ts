/** What a run takes from the environment. */
import { join } from 'node:path';
import type { Environment } from './command.ts';

/** Where a process stands. */
export interface Surroundings {
  readonly variables: Environment['variables'];
  /** The user's home folder. */
  readonly home: string;
  /** The command line that starts this program. */
  readonly program: readonly string[];
}

/** The environment of a run; an empty variable counts as none. */
export function readEnvironment({ variables, home, program }: Surroundings): Environment {
  return {
    server: variables.SIGNPOST_SERVER || undefined,
    apiKey: variables.SIGNPOST_API_KEY || undefined,
    clientCert: variables.SIGNPOST_CLIENT_CERT || undefined,
    clientKey: variables.SIGNPOST_CLIENT_KEY || undefined,
    configDir: join(findFolder(variables.XDG_CONFIG_HOME, variables.APPDATA, join(home, '.config')), 'signpost'),
    program,
    variables,
  };
}

/** Where compiled modules are kept, above the folder of this program. */
export function findCacheHome({ variables, home }: Pick<Surroundings, 'variables' | 'home'>): string {
  return findFolder(variables.XDG_CACHE_HOME, variables.LOCALAPPDATA, join(home, '.cache'));
}

// XDG Base Directory Specification, and what Windows has in its place.
function findFolder(xdg: string | undefined, windows: string | undefined, fallback: string): string {
  if (process.platform === 'win32' && windows) return windows;
  return xdg || fallback;
}
