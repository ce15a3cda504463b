/** `signpost policy test`: what a policy would say, before it is in force. */
import { basename } from 'node:path';
import type { GivenDocument, NamedTrustedRoot } from '@signpost/protocol/policy/gather';
import { maxPolicyBytes, type ReleasePolicy } from '@signpost/protocol/policy/policy';
import { maxAttestationsBytes } from '@signpost/protocol/sigstore/extract-bundles';
import { type CommandSpec, type Invocation, readArgument, readArguments } from '../../command.ts';
import { digestArtifactArgument } from '../../evidence/artifact-argument.ts';
import { describeVerdict, judgeArtifacts } from '../../evidence/judge-artifacts.ts';
import { readLocalDocument } from '../../evidence/local-document.ts';
import { readPolicyFile } from '../../evidence/policy-file.ts';
import { refuseUnverified } from '../../evidence/refusal.ts';
import { readTrustedRootFile } from '../../evidence/trusted-root-source.ts';
import { type JsonObject, textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatVerdict } from './verdict.ts';

const maxSbomBytes = 64 * 1024 * 1024;
const fileOptions = ['bundle', 'sbom', 'trusted-root'] as const;

/** `signpost policy test`. */
export const policyTest: CommandSpec = {
  words: 'policy test',
  arguments: '<file> [artifact...]',
  summary: 'Try a policy: on files that you have, or on a release of a server; nothing is changed or recorded',
  details: [
    'On files: artifacts (or their digests as sha256:HEX) with the bundles and SBOMs about them, under the trusted roots that you give, by the names that the policy has for them. No request is made. Scanner, vulnerability data and trust list are on the server alone, so what the policy asks of them is not met here.',
    'On a release: --project and --release, with the evidence that the server has.',
    'The exit code is 0 when the policy lets the release through, 1 when it denies it, also in the mode that only observes.',
  ],
  options: [
    { flags: '--bundle <file>', text: 'a bundle, or a document with several', repeatable: true },
    { flags: '--sbom <file>', text: 'an SBOM in JSON, CycloneDX or SPDX', repeatable: true },
    { flags: '--trusted-root <name=file>', text: 'a trusted_root.json, and its name in the policy', repeatable: true },
    { flags: '--project <slug>', text: 'the project on the server' },
    { flags: '--release <version>', text: 'its release' },
  ],
  examples: [
    'signpost policy test policy.yaml app.zip --bundle app.zip.bundle --sbom app.cdx.json --trusted-root sigstore=trusted_root.json',
    'signpost policy test policy.yaml --project my-app --release 1.0.0',
  ],
  run: refuseUnverified(async (invocation) => {
    const { options } = invocation;
    const isRemote = options.text('project') !== undefined || options.text('release') !== undefined;
    const isLocal =
      readArguments(invocation, 1).length > 0 || fileOptions.some((name) => options.texts(name).length > 0);
    if (isRemote === isLocal) {
      throw new Failure('usage', 'expected either artifacts, or --project and --release');
    }
    const verdict = isRemote ? await tryOnRelease(invocation) : await tryOnFiles(invocation);
    return answerVerdict(verdict);
  }),
};

function answerVerdict(verdict: JsonObject): Answer {
  const isDenied = textOf(verdict, 'result') === 'denied';
  return { document: verdict, lines: formatVerdict(verdict), ...(isDenied && { reason: 'refused' as const }) };
}

async function tryOnRelease(invocation: Invocation): Promise<JsonObject> {
  const { options } = invocation;
  const names = [options.requiredText('project'), options.requiredText('release')].map(encodeURIComponent);
  const file = await readLocalDocument(readArgument(invocation, 0), maxPolicyBytes);
  const body = { text: new TextDecoder().decode(file) };
  const client = await connectAuthenticated(invocation);
  return client.request('POST', `/api/projects/${names[0]}/releases/${names[1]}/policy-trial`, { body });
}

async function tryOnFiles(invocation: Invocation): Promise<JsonObject> {
  const { options, now } = invocation;
  const names = readArguments(invocation, 1);
  if (names.length === 0) throw new Failure('usage', 'expected at least one artifact');
  const policy = await readReleasePolicy(readArgument(invocation, 0));
  const artifacts = await inTurn(names, digestArtifactArgument);
  const { verdict } = await judgeArtifacts(policy, artifacts, {
    bundles: await inTurn(options.texts('bundle'), (file) => readDocument(file, maxAttestationsBytes)),
    sboms: await inTurn(options.texts('sbom'), (file) => readDocument(file, maxSbomBytes)),
    trustedRoots: await inTurn(options.texts('trusted-root'), readNamedRoot),
    now: now(),
  });
  return describeVerdict(verdict);
}

async function inTurn<T, R>(items: readonly T[], read: (item: T) => Promise<R>): Promise<R[]> {
  const all: R[] = [];
  for (const item of items) all.push(await read(item));
  return all;
}

async function readReleasePolicy(path: string): Promise<ReleasePolicy> {
  const read = await readPolicyFile(path);
  if (read.kind === 'release') return read.policy;
  throw new Failure('refused', 'expected a policy of releases, which begins with `policy: 1`', {
    code: 'malformed',
    hint: 'a policy of identities is for `signpost verify --policy`; docs/protocol/policy.md has an example',
  });
}

async function readDocument(path: string, maxBytes: number): Promise<GivenDocument> {
  return { name: basename(path), bytes: await readLocalDocument(path, maxBytes) };
}

async function readNamedRoot(text: string): Promise<NamedTrustedRoot> {
  const [, name, file] = /^([a-z0-9][a-z0-9-]{0,62})=(.+)$/s.exec(text) ?? [];
  if (name === undefined || file === undefined) {
    throw new Failure('usage', `expected --trusted-root NAME=FILE, got "${text}"`, {
      hint: 'the name is the one in `trust_roots` of the policy, such as sigstore=trusted_root.json',
    });
  }
  return { name, root: await readTrustedRootFile(file) };
}
