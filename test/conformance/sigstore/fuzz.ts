/** Thousands of damaged bundles and trusted roots: each is accepted or refused, quickly, and nothing else. */
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { parseBundle } from '@signpost/protocol/sigstore/bundle';
import { parseTrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import { type BundleRequirements, verifyBundle } from '@signpost/protocol/sigstore/verify-bundle';
import { damage, pick, type Random } from '../../../packages/protocol/test/fuzz/der-damage.ts';
import { type FuzzOptions, type FuzzOutcome, judgeInputs } from '../../../packages/protocol/test/fuzz/judge-inputs.ts';
import { findSuite } from '../suites.ts';
import { createRequiredSigner, readSigstoreCases } from './cases.ts';

interface Seed {
  readonly requirements: BundleRequirements;
  readonly bundleBytes: Uint8Array<ArrayBuffer>;
  readonly bundle: Json;
  readonly trustedRoot: Json;
}

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** Judges `count` inputs that `seed` determines. Throws at the first that is neither accepted nor refused by a TrustError. */
export async function fuzzSigstore(options: FuzzOptions): Promise<FuzzOutcome> {
  const seeds = await readSeeds();
  return judgeInputs(options, { createInput: (random) => createInput(pick(seeds, random), random), judge: verify });
}

async function readSeeds(): Promise<readonly Seed[]> {
  const cases = readSigstoreCases(findSuite('sigstore')).filter(({ name }) => !name.endsWith('_fail'));
  return Promise.all(
    cases.map(async (given) => ({
      requirements: {
        artifact: { kind: 'bytes', bytes: given.artifact },
        trustedRoot: await parseTrustedRoot(given.trustedRoot),
        signer: await createRequiredSigner(given),
      },
      bundleBytes: given.bundle,
      bundle: JSON.parse(parseText(given.bundle)) as Json,
      trustedRoot: JSON.parse(parseText(given.trustedRoot)) as Json,
    })),
  );
}

interface Input {
  readonly bundle: Uint8Array<ArrayBuffer>;
  /** Instead of the one that is required. */
  readonly trustedRoot: Uint8Array<ArrayBuffer> | undefined;
  readonly requirements: BundleRequirements;
}

/** One input in eight is a trusted root that is damaged; the others are bundles. */
function createInput({ requirements, bundleBytes, bundle, trustedRoot }: Seed, random: Random): Input {
  if (random() >= 0.125) {
    return { bundle: encodeText(damageJson(bundle, random)), trustedRoot: undefined, requirements };
  }
  return { bundle: bundleBytes, trustedRoot: encodeText(damageJson(trustedRoot, random)), requirements };
}

async function verify({ bundle, trustedRoot, requirements }: Input): Promise<void> {
  const root = trustedRoot ? await parseTrustedRoot(trustedRoot) : requirements.trustedRoot;
  await verifyBundle(parseBundle(bundle), { ...requirements, trustedRoot: root });
}

/** The text of a document with one to three changes, or with its own text damaged. */
function damageJson(document: Json, random: Random): string {
  const copy = structuredClone(document);
  for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) damageSomewhere(copy, random);
  const text = JSON.stringify(copy);
  if (random() > 0.1) return text;
  const at = Math.floor(random() * text.length);
  return random() < 0.5
    ? text.slice(0, at)
    : `${text.slice(0, at)}${pick(['"', '{', '\\', '\u0000', ',', 'é'], random)}${text.slice(at)}`;
}

/** Walks down to somewhere, and changes something there. */
function damageSomewhere(document: Json, random: Random): void {
  let parent = document;
  for (;;) {
    if (parent === null || typeof parent !== 'object') return;
    const names = Object.keys(parent);
    if (names.length === 0) return;
    const name = pick(names, random);
    const members = parent as { [name: string]: Json };
    const child = members[name] ?? null;
    if (child !== null && typeof child === 'object' && random() < 0.93) {
      parent = child;
      continue;
    }
    if (random() < 0.1) delete members[name];
    else members[name] = damageValue(child, document, random);
    return;
  }
}

function damageValue(value: Json, document: Json, random: Random): Json {
  if (typeof value === 'string' && random() < 0.75) return damageText(value, random);
  const others: readonly Json[] = [
    null,
    true,
    0,
    -1,
    2 ** 53,
    '',
    'x',
    [],
    {},
    [value],
    { rawBytes: value },
    [value, value],
  ];
  return structuredClone(
    random() < 0.1 ? pick(Object.values(document as object) as Json[], random) : pick(others, random),
  );
}

/** Octets are damaged as DER, which most of them are, or where they stand; other text by a character. */
function damageText(text: string, random: Random): string {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  if (bytes.length > 3 && Buffer.from(bytes).toString('base64') === text) {
    return Buffer.from(damage(bytes, bytes, random)).toString('base64');
  }
  if (/^[0-9]+$/.test(text))
    return pick(['0', '1', String(Number(text) + 1), '9007199254740993', '-1', '01', '1e3'], random);
  const at = Math.floor(random() * text.length);
  return `${text.slice(0, at)}${pick(['', ' ', '\n', '\n\n', '\u2014', '+', '\u0000', '0', 'é', '\ud800'], random)}${text.slice(at + 1)}`;
}
