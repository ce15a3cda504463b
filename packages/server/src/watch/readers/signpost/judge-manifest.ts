/** Who signed a manifest, and the roots that vouch for whoever did (docs/protocol/manifest.md, docs/protocol/trust-list.md). */
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';
import { isJsonObject, type JsonValue, parseForeignJson, readMember } from '@signpost/protocol/json/foreign';
import { collectSigners, parseEnvelope } from '@signpost/protocol/updates/envelope';
import { defaultChannel } from '@signpost/protocol/updates/names';
import {
  maxRootChainBytes,
  maxTrustListBytes,
  parseTrustList,
  type RootSet,
  type TrustList,
} from '@signpost/protocol/updates/trust-list';
import { verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import { verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { FactSet, SignatureFact } from '../../facts/fact-set.ts';

/** What a server answered. */
export interface SignedManifest {
  readonly slug: string;
  readonly manifest: Uint8Array;
  /** `undefined`: it has none. */
  readonly trustList: Uint8Array | undefined;
  /** Every trust list that changed the roots; `undefined`: there is no telling. */
  readonly rootChanges: Uint8Array | undefined;
  /** Unix ms. */
  readonly now: number;
}

/** What is told of a manifest: who signed, and by what list they count. */
export type JudgedManifest = Pick<FactSet, 'trust'> & { readonly signatures: readonly SignatureFact[] };

/**
 * The roots that signed the trust list, and the keys of that list that signed the manifest, each by its key id. Nobody pinned these roots:
 * whether they stay the same is what a baseline is for. Where one link does not hold, that is all that is told of the signers.
 */
export async function judgeManifest(signed: SignedManifest): Promise<JudgedManifest> {
  let list: JudgedList | undefined;
  try {
    list = await judgeTrustList(signed);
    return { trust: list.fact, signatures: await judgeSigners(signed, list) };
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    const outcome = shortcomings.has(error.code) ? 'unverifiable' : 'invalid';
    const signature = { kind: 'key', ...describe(outcome, 'inline'), reason: error.code } as const;
    return { trust: list?.fact, signatures: [signature] };
  }
}

async function judgeSigners(
  { slug: project, manifest, now }: SignedManifest,
  { trust, roots }: JudgedList,
): Promise<readonly SignatureFact[]> {
  const { signers } = await verifyManifest(manifest, { trust, project, channel: defaultChannel, now });
  return [
    ...roots.map((key) => ({ kind: 'tuf', ...describe('verified', 'detached'), key }) as const),
    ...signers.map((key) => ({ kind: 'key', ...describe('verified', 'inline'), key }) as const),
  ];
}

/** What is too old, or cannot be looked up, is no forgery. */
const shortcomings: ReadonlySet<TrustErrorCode> = new Set<TrustErrorCode>([
  'trust_missing',
  'trust_expired',
  'manifest_stale',
]);

function describe(outcome: SignatureFact['outcome'], format: SignatureFact['format']) {
  return { outcome, format, transparency: 'none' } as const;
}

type JudgedList = Awaited<ReturnType<typeof judgeTrustList>>;

/** The list under the roots that it names, or that the last list before it named; and those of them that signed it. */
async function judgeTrustList({ trustList, rootChanges, now }: SignedManifest) {
  if (!trustList) throw new TrustError('trust_missing', 'expected a trust list');
  const envelope = parseEnvelope(trustList, 'trust', maxTrustListBytes);
  const list = await parseTrustList(envelope.document);
  const rootSet = list.roots ?? (await findRootsBefore(list, rootChanges));
  if (!rootSet) throw new TrustError('trust_missing', 'expected the trust list, or one before it, to name its roots');
  const trust = await verifyTrustList(trustList, { roots: rootSet, now });
  const fact = { threshold: rootSet.threshold, version: list.version };
  return { trust, fact, roots: await collectSigners(envelope, rootSet.keys) };
}

async function findRootsBefore({ version }: TrustList, chain: Uint8Array | undefined): Promise<RootSet | undefined> {
  const answer = chain && parseForeignJson(chain, { maxBytes: maxRootChainBytes });
  const links = isJsonObject(answer) ? readMember(answer, 'roots') : undefined;
  if (!Array.isArray(links)) return undefined;
  for (const link of links.toReversed()) {
    const before = await parseLink(link);
    if (before.roots && before.version < version) return before.roots;
  }
  return undefined;
}

async function parseLink(link: JsonValue): Promise<TrustList> {
  const { document } = parseEnvelope(encodeText(JSON.stringify(link)), 'trust', maxTrustListBytes);
  return parseTrustList(document);
}
