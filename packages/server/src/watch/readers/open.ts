/** The readers of this server, one for each ecosystem that it can look at; each is loaded when it is first asked. */
import { readFile } from 'node:fs/promises';
import type { Config } from '../../config.ts';
import type { Environment } from '../../config-reader.ts';
import type { EvidenceSources } from '../../evidence/sources.ts';
import type { FindPublisherKeys } from '../publisher-keys/find-keys.ts';
import type { Ask } from './ask.ts';
import type { NpmSettings } from './npm/npmrc.ts';
import type { FindCredential } from './oci/credentials.ts';
import type { Reader, Readers } from './reader.ts';

/** What they work with. */
export interface ReaderParts {
  readonly config: Pick<Config, 'watchHosts' | 'dockerConfigFile' | 'npmrcFile' | 'environment'>;
  /** Within the budgets of hosts. */
  readonly ask: Ask;
  readonly evidence: Pick<EvidenceSources, 'readTrustedRoots' | 'builders'>;
  readonly findPublisherKeys: FindPublisherKeys;
  readonly now: () => number;
}

/** Opens them. Nobody is asked before somebody looks. */
export function openReaders({ config, evidence, ...rest }: ReaderParts): Readers {
  const readTrustedRoots = async (organisationId: string) =>
    (await evidence.readTrustedRoots(organisationId)).map(({ root }) => root);
  const parts = { ...rest, builders: evidence.builders, readTrustedRoots };
  const plainHosts = new Set(config.watchHosts.flatMap(({ host, isPlain }) => (isPlain ? [host] : [])));
  const { npmrcFile, environment } = config;
  return {
    oci: loadLater(async () => {
      const { createRegistryClient } = await import('./oci/registry-client.ts');
      const { createOciReader } = await import('./oci/oci-reader.ts');
      const client = createRegistryClient({ ...parts, findCredential: await openCredentials(config) });
      return createOciReader({ ...parts, client, plainHosts });
    }),
    npm: loadLater(async () => {
      const { createNpmReader } = await import('./npm/npm-reader.ts');
      return createNpmReader({ ...parts, readSettings: () => readNpmrc(npmrcFile, environment) });
    }),
    signpost: loadLater(async () =>
      (await import('./signpost/signpost-reader.ts')).createSignpostReader({ ...parts, plainHosts }),
    ),
    feed: loadLater(async () => (await import('./feed/feed-reader.ts')).createFeedReader(parts)),
    git: loadLater(async () => (await import('./git/git-reader.ts')).createGitReader({ ...parts, plainHosts })),
  };
}

/** Most servers watch sources of few ecosystems, or none. */
function loadLater(load: () => Promise<Reader>): Reader {
  let loading: Promise<Reader> | undefined;
  const open = () => {
    loading ??= load();
    return loading;
  };
  return {
    list: async (...given) => (await open()).list(...given),
    observe: async (...given) => (await open()).observe(...given),
  };
}

async function openCredentials({
  dockerConfigFile: configFile,
  environment,
}: ReaderParts['config']): Promise<FindCredential> {
  if (configFile === undefined) return async () => undefined;
  const { createFindCredential } = await import('./oci/credentials.ts');
  return createFindCredential({ configFile, helperEnvironment: keepPlaces(environment) });
}

/** A program that holds credentials finds itself and its files, and sees nothing else. */
function keepPlaces({ PATH, HOME }: Environment): Readonly<Record<string, string>> {
  return { ...(PATH !== undefined && { PATH }), ...(HOME !== undefined && { HOME }) };
}

async function readNpmrc(path: string | undefined, environment: Environment): Promise<NpmSettings | undefined> {
  if (path === undefined) return undefined;
  const { parseNpmrc } = await import('./npm/npmrc.ts');
  return parseNpmrc(await readFile(path, 'utf8'), environment);
}
