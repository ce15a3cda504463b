/** Thousands of damaged metadata files: each is accepted or refused, quickly, and nothing else. */
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { findDelegations } from '@signpost/protocol/tuf/delegations';
import { verifyPinnedRoot } from '@signpost/protocol/tuf/root';
import { type Format, type Payload, parseSignedFile } from '@signpost/protocol/tuf/signed-file';
import { snapshotFormat } from '@signpost/protocol/tuf/snapshot';
import { targetsFormat } from '@signpost/protocol/tuf/targets';
import { timestampFormat } from '@signpost/protocol/tuf/timestamp';
import { type Json, nameKeys, type TestKey, TestRepository } from '../tuf/repository.ts';
import { createRandom, pick, type Random } from './der-damage.ts';
import type { FuzzOutcome } from './der-fuzz.ts';

interface TufSeed {
  readonly kind: 'root' | 'timestamp' | 'snapshot' | 'targets';
  readonly text: string;
}

const limitBytes = 1_000_000;

/** Reads `count` files that `seed` determines. Throws at the first that is neither accepted nor refused by a TrustError. */
export async function fuzzTuf(options: { readonly count: number; readonly seed: number }): Promise<FuzzOutcome> {
  const seeds = await createSeeds();
  const random = createRandom(options.seed);
  const refused = new Map<string, number>();
  let accepted = 0;
  let slowestMs = 0;
  for (let index = 0; index < options.count; index++) {
    const { kind, text } = pick(seeds, random);
    const bytes = encodeText(damageText(text, pick(seeds, random).text, random));
    const used = process.cpuUsage();
    const verdict = await judgeFile(kind, bytes);
    const { user, system } = process.cpuUsage(used);
    slowestMs = Math.max(slowestMs, (user + system) / 1000);
    if (verdict === 'accepted') accepted++;
    else refused.set(verdict, (refused.get(verdict) ?? 0) + 1);
  }
  return { accepted, refused, slowestMs };
}

async function judgeFile(kind: TufSeed['kind'], bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  try {
    if (kind === 'root') await verifyPinnedRoot(bytes);
    else if (kind === 'targets') await search(parse(bytes, targetsFormat));
    else if (kind === 'snapshot') parse(bytes, snapshotFormat);
    else parse(bytes, timestampFormat);
    return 'accepted';
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw error;
  }
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

const tokens = [
  '{}',
  '[]',
  '0',
  '-1',
  '1.5',
  '1e9',
  '9007199254740993',
  'null',
  'true',
  '""',
  '"\\ud800"',
  '"__proto__"',
  '"\\u0000"',
  '{"a":{"a":{}}}',
  '"9999-12-31T23:59:59Z"',
  `${'['.repeat(40)}${']'.repeat(40)}`,
  '"04"',
  '2147483648',
];

/** `text` with one to three changes in the tree, and sometimes one in the text of that. */
function damageText(text: string, donor: string, random: Random): string {
  const tree: Json = JSON.parse(text);
  const foreign = [...listPlaces(JSON.parse(donor))];
  for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) changeMember(tree, foreign, random);
  const damaged = JSON.stringify(tree);
  return random() < 0.2 ? changeToken(damaged, donor, random) : damaged;
}

const tokenPattern = /"(?:[^"\\]|\\.)*"|-?\d+|true|false|null|[[\]{}:,]/g;

/** Exchanged for another, taken from another file, dropped, doubled, cut off, or with a character before it. */
function changeToken(text: string, donor: string, random: Random): string {
  const found = [...text.matchAll(tokenPattern)];
  if (found.length === 0) return text;
  const { 0: token, index } = pick(found, random);
  const replace = (by: string) => text.slice(0, index) + by + text.slice(index + token.length);
  switch (Math.floor(random() * 6)) {
    case 0:
      return replace(pick(tokens, random));
    case 1:
      return replace(pick([...donor.matchAll(tokenPattern)], random)[0]);
    case 2:
      return replace('');
    case 3:
      return replace(`${token},${token}`);
    case 4:
      return text.slice(0, Math.floor(random() * text.length));
    default:
      return replace(String.fromCharCode(Math.floor(random() * 0x3000)) + token);
  }
}

/** A member gone, renamed, exchanged for a value or a member of another file, or many times over. */
function changeMember(tree: Json, foreign: readonly Place[], random: Random): void {
  const places = [...listPlaces(tree)];
  if (places.length === 0) return;
  const { holder, key } = pick(places, random);
  const other = pick(foreign, random);
  const value = holder[key];
  switch (Math.floor(random() * 5)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      break;
    case 1:
      // An array takes no other value for this one.
      holder[pick(['x', '1', 'toString', other.key === 'length' ? 'x' : other.key], random)] = value;
      break;
    case 2:
      holder[key] = structuredClone(other.holder[other.key]);
      break;
    case 3:
      holder[key] = Array.from({ length: Math.floor(random() ** 4 * 300) }, () => structuredClone(value));
      break;
    default:
      holder[key] = JSON.parse(pick(tokens, random));
  }
}

interface Place {
  readonly holder: Json;
  readonly key: string;
}

/** Every member and item, also of those below. */
function* listPlaces(holder: Json): Generator<Place> {
  for (const key of Object.keys(holder)) {
    yield { holder, key };
    const value = holder[key];
    if (typeof value === 'object' && value !== null) yield* listPlaces(value);
  }
}
