/** `signpost verify`: a file against a Sigstore bundle, or against the signed manifest of a project. */
import { basename } from 'node:path';
import type { ReleasePolicy } from '@signpost/protocol/policy/policy';
import { maxAttestationsBytes } from '@signpost/protocol/sigstore/extract-bundles';
import { updaterOptions } from '../../client/open-updater.ts';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { digestArtifactArgument, readArtifactArgument } from '../../evidence/artifact-argument.ts';
import { explainSignature } from '../../evidence/explain-signature.ts';
import { explainVerified } from '../../evidence/explain-verified.ts';
import { assertPassed, describeVerdict, judgeArtifacts } from '../../evidence/judge-artifacts.ts';
import { readLocalDocument } from '../../evidence/local-document.ts';
import { refuseUnverified } from '../../evidence/refusal.ts';
import { readRequiredSigner, signerOptions } from '../../evidence/required-signer.ts';
import { chooseTrustedRoot, trustedRootOptions } from '../../evidence/trusted-root-source.ts';
import { verifyDocument } from '../../evidence/verify-document.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatPairs } from '../../terminal/table.ts';
import { channelOption, rootExample, verifyAgainstManifest } from '../client/check.ts';
import { formatVerdict } from './verdict.ts';

const identityExample =
  '--certificate-identity https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v1.0.0 --certificate-oidc-issuer https://token.actions.githubusercontent.com';

/** `signpost verify`. */
export const verify: CommandSpec = {
  words: 'verify',
  arguments: '<artifact>',
  summary: 'Verify a file that you have: against a Sigstore bundle, or the signed manifest of a project',
  details: [
    'With --bundle: the artifact is a file, or a digest as sha256:HEX. Say whose signature counts, by --certificate-identity and --certificate-oidc-issuer, by --key, or by --policy; say under which trusted root, by --trusted-root (then nobody is asked), or have the server give it. The bundle may be a document with several, of GitHub, npm or PyPI: one must hold.',
    'With --project: the file must be one of the release in service.',
    'The exit code is 0 when it is verified, 1 when it is not, 2 when the command line is wrong.',
  ],
  options: [
    { flags: '--bundle <file>', text: 'the Sigstore bundle' },
    ...trustedRootOptions,
    ...signerOptions,
    { flags: '--project <slug>', text: 'the project whose manifest names the file' },
    channelOption,
    ...updaterOptions,
  ],
  examples: [
    `signpost verify app.zip --bundle app.zip.bundle --trusted-root trusted_root.json ${identityExample}`,
    'signpost verify app.zip --bundle app.zip.bundle --trusted-root trusted_root.json --policy signers.yaml',
    'signpost verify sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 --bundle a.bundle --trusted-root trusted_root.json --key signer.pub',
    `signpost verify app.zip --project my-app ${rootExample}`,
  ],
  run: refuseUnverified(async (invocation) => {
    const { options } = invocation;
    const isBundle = options.text('bundle') !== undefined;
    if (isBundle === (options.text('project') !== undefined)) {
      throw new Failure('usage', 'expected either --bundle FILE or --project SLUG');
    }
    return isBundle ? verifyAgainstBundle(invocation) : verifyAgainstManifest(invocation);
  }),
};

/** What `signpost verify --bundle` does. Throws TrustError when the artifact is not verified, Failure when it cannot be tried. */
async function verifyAgainstBundle(invocation: Invocation): Promise<Answer> {
  const { options, now } = invocation;
  const signer = await readRequiredSigner(options);
  if (signer.kind === 'release') return verifyAgainstPolicy(invocation, signer.policy);
  const bytes = await readLocalDocument(options.requiredText('bundle'), maxAttestationsBytes);
  const { name, artifact } = await readArtifactArgument(readArgument(invocation, 0));
  const { name: rootName, root } = await chooseTrustedRoot(invocation);
  const found = await verifyDocument(bytes, { artifact, trustedRoot: root, signer, now: now() });
  const explained = found.verified.map(explainVerified);
  const others = found.refused.map(({ code, message }) => ({ code, message }));
  return {
    document: {
      ...{ verified: true, artifact: name, trusted_root: rootName },
      ...{ bundles: explained.map(({ document }) => document), refused: others },
    },
    lines: [
      `${name} is verified, under the trusted root ${rootName}.`,
      ...explained.flatMap(({ pairs }) => ['', ...formatPairs(pairs)]),
      ...(others.length === 0 ? [] : ['', `Not counted: ${others.length} bundles that do not hold for it.`]),
    ],
  };
}

/** With a policy of releases all that it demands must be met, in whatever mode: nobody observes here. */
async function verifyAgainstPolicy(invocation: Invocation, policy: ReleasePolicy): Promise<Answer> {
  const { options, now } = invocation;
  const file = options.requiredText('bundle');
  const bundle = { name: basename(file), bytes: await readLocalDocument(file, maxAttestationsBytes) };
  const artifact = await digestArtifactArgument(readArgument(invocation, 0));
  const trustedRoots = [await chooseTrustedRoot(invocation)];
  const evidence = { bundles: [bundle], sboms: [], trustedRoots, now: now() };
  const { verdict, facts } = await judgeArtifacts(policy, [artifact], evidence);
  assertPassed(verdict);
  const signers = facts.flatMap(({ signatures }) => signatures.flatMap(explainSignature));
  return {
    document: {
      ...{ verified: true, artifact: artifact.name, trusted_root: trustedRoots[0]?.name ?? null },
      ...{ signatures: signers.map(({ document }) => document), verdict: describeVerdict(verdict) },
    },
    lines: [
      `${artifact.name} is verified, under the trusted root ${trustedRoots[0]?.name}.`,
      ...signers.flatMap(({ pairs }) => ['', ...formatPairs(pairs)]),
      '',
      ...formatVerdict(describeVerdict(verdict)),
    ],
  };
}
