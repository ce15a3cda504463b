/** Finds the credential for a registry: read anew each time, so that one that changed counts without a restart. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { isJsonObject, parseForeignJson, readMember } from '@signpost/protocol/json/foreign';
import { type DockerConfig, parseDockerConfig, type RegistryCredential } from './docker-config.ts';

/** The credential for a registry as keys name it; nothing: it is asked as anybody. Throws for a configuration or a program that fails. */
export type FindCredential = (registry: string) => Promise<RegistryCredential | undefined>;

/** Where credentials are. */
export interface CredentialParts {
  /** Docker's `config.json`; a file that is not there holds none. */
  readonly configFile: string;
  /** All that helpers see: PATH, HOME. */
  readonly helperEnvironment: Readonly<Record<string, string>>;
}

const helperTimeoutMs = 10_000;
const maxHelperBytes = 64 * 1024;
/** How Docker's programs call Docker Hub. */
const hubAddress = 'https://index.docker.io/v1/';

/** Makes what finds credentials. */
export function createFindCredential({ configFile, helperEnvironment }: CredentialParts): FindCredential {
  return async (registry) => {
    const config = await readConfig(configFile);
    if (!config) return undefined;
    const helper = config.helpers.get(registry) ?? config.store;
    const stored = helper === undefined ? undefined : await askHelper(helper, registry, helperEnvironment);
    return stored ?? config.credentials.get(registry);
  };
}

async function readConfig(path: string): Promise<DockerConfig | undefined> {
  try {
    return parseDockerConfig(await readFile(path));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Asks a program (docker/docker-credential-helpers, "get"). One that knows nothing of the registry says so and fails. */
async function askHelper(
  helper: string,
  registry: string,
  env: Readonly<Record<string, string>>,
): Promise<RegistryCredential | undefined> {
  const program = `docker-credential-${helper}`;
  const { output, failure } = await run(program, registry === 'docker.io' ? hubAddress : registry, env);
  if (failure) {
    if (/credentials not found/i.test(output)) return undefined;
    // What it printed may hold what it knows.
    throw new Error(`expected a credential from ${program}, got none`);
  }
  const answer = parseForeignJson(Buffer.from(output), { maxBytes: maxHelperBytes, maxDepth: 4, maxValues: 100 });
  const [user, secret] = isJsonObject(answer) ? [readMember(answer, 'Username'), readMember(answer, 'Secret')] : [];
  if (typeof user !== 'string' || typeof secret !== 'string') {
    throw new Error(`expected a user and a secret from ${program}`);
  }
  return user === '<token>' ? { kind: 'refresh-token', token: secret } : { kind: 'password', user, password: secret };
}

function run(
  program: string,
  input: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly output: string; readonly failure: boolean }> {
  return new Promise((resolve) => {
    const options = { env, timeout: helperTimeoutMs, maxBuffer: maxHelperBytes, killSignal: 'SIGKILL' } as const;
    const child = execFile(program, ['get'], options, (error, output) => resolve({ output, failure: error !== null }));
    // One that ends without reading has said what it has to say.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
