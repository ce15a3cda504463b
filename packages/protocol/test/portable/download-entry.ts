/** What the bare context and the browser run of downloads: repositories of TUF are followed, and releases fetched with their evidence. */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { hashSha256 } from '@signpost/protocol/bytes/sha256';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import type { Landing } from '@signpost/protocol/fetching/download';
import { fetchVerified } from '@signpost/protocol/fetching/fetch-verified';
import { parseLocation } from '@signpost/protocol/fetching/location';
import { createBundleVerifier } from '@signpost/protocol/fetching/verify-bundles';
import { parseIdentityPolicy } from '@signpost/protocol/sigstore/identity-policy';
import { parseTrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import { refreshRepository } from '@signpost/protocol/tuf/client';

/** A repository as its client meets it; octets in base64. */
export interface RepositoryFiles {
  readonly pinnedRoot: string;
  /** By path. */
  readonly files: Readonly<Record<string, string>>;
  readonly targets: readonly string[];
  readonly now: number;
}

/** Something to fetch, once for each round of answers, with what was remembered of the round before. */
export interface DownloadFiles {
  readonly location: string;
  readonly capsule?: { readonly url: string; readonly target: string };
  readonly rounds: readonly Readonly<Record<string, Answer>>[];
  readonly trustedRoot: string;
  readonly identities: readonly { readonly issuer: string; readonly subject: string }[];
  readonly now: number;
}

/** Of a URL; the body in base64. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What is run, and what the outcome of it must be everywhere. */
export interface PortableDownloads {
  readonly repositories: readonly RepositoryFiles[];
  readonly downloads: readonly DownloadFiles[];
}

/** For each target and each round: `accepted` with what came, or the code and words of the refusal. */
export async function runDownloads({ repositories, downloads }: PortableDownloads): Promise<readonly string[]> {
  const verdicts: string[] = [];
  for (const repository of repositories) verdicts.push(...(await follow(repository)));
  for (const download of downloads) verdicts.push(...(await fetchRounds(download)));
  return verdicts;
}

async function follow({ pinnedRoot, files, targets, now }: RepositoryFiles): Promise<readonly string[]> {
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();
  const fetch = async (url: string) => {
    const file = files[url.slice('https://tuf.test'.length)];
    return file === undefined ? undefined : parseBase64(file);
  };
  const client = {
    repository: { metadataUrl: 'https://tuf.test', fetch },
    pinnedRoot: parseBase64(pinnedRoot),
    now: () => now,
    store: {
      read: async (name: string) => kept.get(name),
      write: async (
        changes: readonly { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> | undefined }[],
      ) => {
        for (const { name, bytes } of changes) bytes ? kept.set(name, bytes) : kept.delete(name);
      },
    },
  };
  const verdicts: string[] = [];
  for (const path of targets) {
    verdicts.push(
      await judge(async () => parseText(await (await refreshRepository(client)).fetchTarget(path))),
      [...kept.keys()].sort().join(' '),
    );
  }
  return verdicts;
}

async function fetchRounds({ location, capsule, rounds, trustedRoot, identities, now }: DownloadFiles) {
  const requirements = {
    trustedRoot: await parseTrustedRoot(encodeText(trustedRoot)),
    signer: { kind: 'policy', policy: parseIdentityPolicy({ identities }) } as const,
    now,
  };
  let state: string | undefined;
  const store = {
    read: async () => state,
    write: async (text: string) => {
      state = text;
    },
  };
  const verify = createBundleVerifier(requirements);
  const request = { location: parseLocation(location), capsule, maxBytes: 1000 };
  const verdicts: string[] = [];
  for (const answers of rounds) {
    const parts = { fetch: createFetch(answers), verify, store, landing: createLanding(), now: () => now };
    verdicts.push(await judge(async () => (await fetchVerified(request, parts)).found.sha256), state ?? 'no state');
  }
  return verdicts;
}

/** Whoever has no token is told where to get one, where the answers hold a challenge. */
function createFetch(answers: Readonly<Record<string, Answer>>) {
  return async (url: string, { headers }: RequestInit) => {
    const isKnown = new Headers(headers).has('authorization') || url.includes('/token');
    const answer = (isKnown ? undefined : answers.challenge) ?? answers[url] ?? { status: 404 };
    const { status = 200, body } = answer;
    return new Response(body === undefined ? undefined : parseBase64(body), { status, headers: { ...answer.headers } });
  };
}

function createLanding(): Landing {
  let bytes = new Uint8Array();
  const start = async () => {
    bytes = new Uint8Array();
  };
  return {
    readPart: async () => ({ bytes: bytes.length, etag: undefined }),
    start,
    append: async (chunk) => {
      bytes = Uint8Array.of(...bytes, ...chunk);
    },
    finish: async () => {
      const sha256 = encodeHex(hashSha256(bytes));
      return { artifact: { kind: 'bytes', bytes }, sha256, sizeBytes: bytes.length };
    },
    discard: start,
  };
}

async function judge(work: () => Promise<string>): Promise<string> {
  try {
    return `accepted ${await work()}`;
  } catch (error) {
    if (error instanceof TrustError) return `${error.code} ${error.message}`;
    throw error;
  }
}
