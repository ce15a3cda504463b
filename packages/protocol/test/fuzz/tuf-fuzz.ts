/** Thousands of damaged metadata files: each is accepted or refused, quickly, and nothing else. */
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { findDelegations } from '@signpost/protocol/tuf/delegations';
import { verifyPinnedRoot } from '@signpost/protocol/tuf/root';
import { type Format, type Payload, parseSignedFile } from '@signpost/protocol/tuf/signed-file';
import { snapshotFormat } from '@signpost/protocol/tuf/snapshot';
import { targetsFormat } from '@signpost/protocol/tuf/targets';
import { timestampFormat } from '@signpost/protocol/tuf/timestamp';
import { nameKeys, type TestKey, TestRepository } from '../tuf/repository.ts';
import { pick } from './der-damage.ts';
import { damageJson } from './json-damage.ts';
import { type FuzzOptions, type FuzzOutcome, judgeInputs } from './judge-inputs.ts';

interface TufSeed {
  readonly kind: 'root' | 'timestamp' | 'snapshot' | 'targets';
  readonly text: string;
}

const limitBytes = 1_000_000;

/** Reads `count` files that `seed` determines. Throws at the first that is neither accepted nor refused by a TrustError. */
export async function fuzzTuf(options: FuzzOptions): Promise<FuzzOutcome> {
  const seeds = await createSeeds();
  return judgeInputs(options, {
    createInput: (random) => {
      const { kind, text } = pick(seeds, random);
      return { kind, bytes: encodeText(damageJson(text, pick(seeds, random).text, random)) };
    },
    judge: ({ kind, bytes }) => readFile(kind, bytes),
  });
}

async function readFile(kind: TufSeed['kind'], bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  if (kind === 'root') await verifyPinnedRoot(bytes);
  else if (kind === 'targets') await search(parse(bytes, targetsFormat));
  else if (kind === 'snapshot') parse(bytes, snapshotFormat);
  else parse(bytes, timestampFormat);
}

function parse<T extends Payload>(bytes: Uint8Array, format: Format<T>): T {
  return parseSignedFile(bytes, format, limitBytes).unverified;
}

async function search({ delegations }: { delegations: Parameters<typeof findDelegations>[0] | undefined }) {
  if (delegations) await findDelegations(delegations, 'a/path/to.txt');
}

async function createSeeds(): Promise<readonly TufSeed[]> {
  const repository = await TestRepository.create();
  await repository.delegate('targets', 'team', { paths: ['*', 'a/*/?o*.txt'] });
  await repository.delegate('targets', 'bins', { path_hash_prefixes: ['0', 'ff'] });
  repository.roles.team.delegations = { keys: {}, succinct_roles: {} };
  const keys = repository.keys.team as TestKey[];
  const { delegations } = repository.roles.team;
  delegations.succinct_roles = { bit_length: 8, name_prefix: 'bin', ...nameKeys(delegations, keys) };
  await repository.publishNext();
  const read = (path: string) => parseText(repository.files.get(path) ?? new Uint8Array());
  return [
    { kind: 'root', text: read('/1.root.json') },
    { kind: 'timestamp', text: read('/timestamp.json') },
    { kind: 'snapshot', text: read('/2.snapshot.json') },
    { kind: 'targets', text: read('/2.targets.json') },
    { kind: 'targets', text: read('/2.team.json') },
  ];
}
