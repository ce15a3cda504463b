/** The readers of this server, one for each ecosystem that it can look at. */
import { readFile } from 'node:fs/promises';
import type { Config } from '../../config.ts';
import type { Environment } from '../../config-reader.ts';
import type { EvidenceSources } from '../../evidence/sources.ts';
import type { FindPublisherKeys } from '../publisher-keys/find-keys.ts';
import type { Ask } from './ask.ts';
import { createFeedReader } from './feed/feed-reader.ts';
import { createGitReader } from './git/git-reader.ts';
import { createNpmReader } from './npm/npm-reader.ts';
import { type NpmSettings, parseNpmrc } from './npm/npmrc.ts';
import { createFindCredential } from './oci/credentials.ts';
import { createOciReader } from './oci/oci-reader.ts';
import { createRegistryClient } from './oci/registry-client.ts';
import type { Readers } from './reader.ts';
import { createSignpostReader } from './signpost/signpost-reader.ts';

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
  const { dockerConfigFile, npmrcFile, environment } = config;
  const findCredential =
    dockerConfigFile === undefined
      ? async () => undefined
      : createFindCredential({ configFile: dockerConfigFile, helperEnvironment: keepPlaces(environment) });
  const client = createRegistryClient({ ...parts, findCredential });
  return {
    oci: createOciReader({ ...parts, client, plainHosts }),
    npm: createNpmReader({ ...parts, readSettings: () => readNpmrc(npmrcFile, environment) }),
    signpost: createSignpostReader({ ...parts, plainHosts }),
    feed: createFeedReader(parts),
    git: createGitReader({ ...parts, plainHosts }),
  };
}

/** A program that holds credentials finds itself and its files, and sees nothing else. */
function keepPlaces({ PATH, HOME }: Environment): Readonly<Record<string, string>> {
  return { ...(PATH !== undefined && { PATH }), ...(HOME !== undefined && { HOME }) };
}

async function readNpmrc(path: string | undefined, environment: Environment): Promise<NpmSettings | undefined> {
  return path === undefined ? undefined : parseNpmrc(await readFile(path, 'utf8'), environment);
}
