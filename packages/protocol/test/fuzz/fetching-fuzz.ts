/** Thousands of damaged places, manifests, states and answers of servers: each is taken or refused, quickly, and nothing else. */
import { encodeText } from '@signpost/protocol/bytes/text';
import { findCapsuleTarget, parseCapsuleManifest } from '@signpost/protocol/fetching/capsule-manifest';
import { downloadInto, type Landing } from '@signpost/protocol/fetching/download';
import { parseLocation } from '@signpost/protocol/fetching/location';
import { findPlatform, Registry } from '@signpost/protocol/fetching/registry';
import { advanceSource, encodeSourceState, parseSourceState } from '@signpost/protocol/fetching/source-state';
import { sha256Hex } from '../sigstore/minted.ts';
import { pick, type Random } from './der-damage.ts';
import { damageJson } from './json-damage.ts';
import { type FuzzOptions, type FuzzOutcome, judgeInputs } from './judge-inputs.ts';

/** Judges `count` inputs that `seed` determines. Throws at the first that is neither taken nor refused by a TrustError. */
export function fuzzFetching(options: FuzzOptions): Promise<FuzzOutcome> {
  return judgeInputs(options, { createInput: (random) => pick(targets, random)(random), judge: (input) => input() });
}

/** What is done with an input that is made already. */
type Reading = () => unknown;

const targets: readonly ((random: Random) => Reading)[] = [
  readPlace,
  readCapsule,
  readState,
  readIndex,
  askRegistry,
  download,
];

const digest = 'a'.repeat(64);

function readPlace(random: Random): Reading {
  const places = [`oci://ghcr.io/acme/app@sha256:${digest}`, 'oci://[::1]:5000/a/b_c:v1.0', 'https://x.example/a?b#c'];
  const text = damageText(pick(places, random), random);
  return () => parseLocation(text);
}

function readCapsule(random: Random): Reading {
  const text = JSON.stringify({ version: '1.0.0', targets: { 'x86_64-unknown-linux-gnu': digest, other: digest } });
  const bytes = encodeText(damageJson(text, text, random));
  return () => findCapsuleTarget(parseCapsuleManifest(bytes), 'other');
}

function readIndex(random: Random): Reading {
  const platforms = [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64', variant: 'v8' },
  ];
  const manifests = platforms.map((platform) => ({ digest: `sha256:${digest}`, size: 1, platform }));
  const text = JSON.stringify({ manifests });
  const bytes = encodeText(damageJson(text, text, random));
  return () => findPlatform(bytes, 'linux/arm64/v8');
}

/** Whatever is read can be written and read again, and goes on. */
function readState(random: Random): Reading {
  const found = { sha256: digest, version: '1.2.3', signedAt: 1_700_000_000_000 };
  const text = encodeSourceState({ last: found, highest: found, overrides: [{ ...found, reason: 'why', at: 1e12 }] });
  const damaged = damageJson(text, text, random);
  return () => {
    const state = parseSourceState(encodeSourceState(parseSourceState(damaged)));
    parseSourceState(encodeSourceState(advanceSource(state, found, { reason: 'older', at: 1e12 })));
  };
}

/** One of the documents of a registry is damaged, and those that name it know its digest, so that the damage is read. */
function askRegistry(random: Random): Reading {
  const at = Math.floor(random() * 6);
  const damage = (index: number, text: string) => (index === at ? damageJson(text, text, random) : text);
  const blob = '{"mediaType":"a bundle"}';
  const manifest = damage(0, JSON.stringify({ layers: [describe(blob, { title: 'app.tar.gz' })] }));
  const bundle = damage(1, JSON.stringify({ layers: [describe(blob)] }));
  const artifactType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const index = damage(2, JSON.stringify({ manifests: [{ ...describe(bundle), artifactType }] }));
  const token = damage(3, JSON.stringify({ token: 'open sesame'.replace(' ', '-') }));
  const challenge = 'Bearer realm="https://x.example/token",service="x.example"';
  const challenged = at === 4 ? damageText(challenge, random) : challenge;
  const bodies = {
    '/manifests/v1': manifest,
    '/referrers/': index,
    '/manifests/': bundle,
    '/blobs/': damage(5, blob),
    '/token': token,
  };
  const answer = (url: string, isAllowed: boolean) => {
    if (!isAllowed && !url.includes('/token')) return createAnswer(401, { 'www-authenticate': challenged });
    const found = Object.entries(bodies).find(([path]) => url.includes(path));
    return createAnswer(found ? 200 : 404, {}, found?.[1]);
  };
  const fetch = async (url: string, { headers }: { headers?: HeadersInit } = {}) =>
    answer(url, (at !== 3 && at !== 4) || new Headers(headers).has('authorization'));
  return async () => {
    const place = { kind: 'oci', origin: 'https://x.example', repository: 'acme/app', reference: 'v1' } as const;
    const registry = new Registry(fetch as typeof globalThis.fetch, place);
    const { sha256 } = await registry.readManifest('v1');
    await registry.readBundles(sha256);
  };
}

function describe(text: string, { title }: { readonly title?: string } = {}) {
  const annotations = title === undefined ? {} : { annotations: { 'org.opencontainers.image.title': title } };
  return { digest: `sha256:${sha256Hex(encodeText(text))}`, size: text.length, ...annotations };
}

/** The rest of a file, with anything in the headers. */
function download(random: Random): Reading {
  const usual = { etag: '"one"', 'content-range': 'bytes 4-9/10', 'content-length': '6' };
  const answers = Array.from({ length: 4 }, () => {
    const headers: Record<string, string> = { ...usual, location: damageText('https://x.example/b', random) };
    const name = pick(Object.keys(headers), random);
    headers[name] = damageText(headers[name] ?? '', random);
    return createAnswer(
      pick([206, 206, 200, 302, 307, 404, 416, 500], random),
      headers,
      'abcdefghij'.slice(random() * 10),
    );
  });
  const fetch = async () => answers.shift() ?? createAnswer(404, {});
  const landing = createLanding();
  const parts = {
    fetch: fetch as typeof globalThis.fetch,
    url: 'https://x.example/a',
    maxBytes: 8 + random() * 8,
    landing,
  };
  return () => downloadInto(parts);
}

function createLanding(): Landing {
  const state = { bytes: 4, etag: '"one"' as string | undefined };
  const start = async (etag: string | undefined) => void Object.assign(state, { bytes: 0, etag });
  return {
    readPart: async () => state,
    start,
    append: async ({ length }) => {
      state.bytes += length;
    },
    finish: async () => ({
      artifact: { kind: 'bytes', bytes: new Uint8Array() },
      sha256: digest,
      sizeBytes: state.bytes,
    }),
    discard: () => start(undefined),
  };
}

/** Headers that no server could send are left out. */
function createAnswer(status: number, headers: Readonly<Record<string, string>>, body?: string): Response {
  const sent = Object.entries(headers).filter(([, value]) => /^[\t\x20-\x7e\x80-\xff]*$/.test(value));
  return new Response(status === 200 || status === 206 ? (body ?? '') : undefined, { status, headers: sent });
}

const pieces = [
  '',
  ' ',
  '/',
  '..',
  ':',
  '@',
  '#',
  '?',
  '"',
  ',',
  '=',
  '-',
  '%2f',
  '\\',
  '\n',
  '\u0000',
  '0',
  '99999999999999999999',
];

/** `text` with one to three characters gone, changed or doubled. */
function damageText(text: string, random: Random): string {
  let damaged = text;
  for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) {
    const at = Math.floor(random() * (damaged.length + 1));
    const end = at + Math.floor(random() ** 3 * (damaged.length - at + 1));
    const piece = random() < 0.2 ? damaged.slice(at, end).repeat(2) : pick([...pieces, 'é', '\u2028', 'http:'], random);
    damaged = damaged.slice(0, at) + piece + damaged.slice(end);
  }
  return damaged;
}
