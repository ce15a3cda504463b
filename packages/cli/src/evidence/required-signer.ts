/** Whose signature counts: an identity by the options that cosign has, a key, or a policy. */
import { parsePemBlock } from '@signpost/protocol/asn1/pem';
import { importPublicKey } from '@signpost/protocol/keys/verification-key';
import type { ReleasePolicy } from '@signpost/protocol/policy/policy';
import { parseIdentityPolicy } from '@signpost/protocol/sigstore/identity-policy';
import type { RequiredSigner } from '@signpost/protocol/sigstore/verify-signer';
import type { OptionSpec, Options } from '../command.ts';
import { Failure } from '../terminal/failure.ts';
import { readLocalDocument } from './local-document.ts';
import { readPolicyFile } from './policy-file.ts';

/** The options by which signers are named. */
export const signerOptions: readonly OptionSpec[] = [
  { flags: '--certificate-identity <name>', text: "the name in the signer's certificate, to the letter" },
  { flags: '--certificate-oidc-issuer <url>', text: 'who vouched for that name, to the letter' },
  { flags: '--certificate-identity-regexp <pattern>', text: 'not taken: patterns stand in a --policy' },
  { flags: '--certificate-oidc-issuer-regexp <pattern>', text: 'not taken: issuers are exact' },
  { flags: '--key <file>', text: 'a public key in PEM that signs without a certificate' },
  { flags: '--policy <file>', text: 'a policy in YAML or JSON, of identities or of releases' },
];

/** Whose signature counts, or a policy that says more. */
export type Requirement = RequiredSigner | { readonly kind: 'release'; readonly policy: ReleasePolicy };

/** Reads exactly one way to say whose signature counts. Throws Failure `usage` for none and several. */
export async function readRequiredSigner(options: Options): Promise<Requirement> {
  refuseExpressions(options);
  const [identity, issuer] = [options.text('certificate-identity'), options.text('certificate-oidc-issuer')];
  const [key, policy] = [options.text('key'), options.text('policy')];
  const ways = [identity ?? issuer, key, policy].filter((value) => value !== undefined);
  if (ways.length !== 1) throw refuseSigner(ways.length === 0 ? 'nobody' : 'several');
  if (key !== undefined) return readKey(key);
  if (policy !== undefined) return readSignerPolicy(policy);
  if (identity === undefined || issuer === undefined) throw refuseSigner('half an identity');
  return { kind: 'policy', policy: parseIdentityPolicy({ identities: [{ issuer, subject: identity }] }) };
}

function refuseSigner(got: string): Failure {
  return new Failure(
    'usage',
    `expected --certificate-identity with --certificate-oidc-issuer, or --key, or --policy, got ${got}`,
    { hint: 'a signature by anybody is worth nothing' },
  );
}

function refuseExpressions(options: Options): void {
  const names = ['certificate-identity-regexp', 'certificate-oidc-issuer-regexp'];
  const given = names.find((name) => options.text(name) !== undefined);
  if (given === undefined) return;
  throw new Failure('usage', `--${given} is not taken: an expression matches more than its author thinks of`, {
    hint: 'write `subject: { pattern: "https://github.com/acme/*" }` or workflow and ref into a --policy',
  });
}

const maxKeyCharacters = 10_000;

async function readKey(path: string): Promise<RequiredSigner> {
  const text = new TextDecoder().decode(await readLocalDocument(path, maxKeyCharacters));
  return { kind: 'key', key: await importPublicKey(parsePemBlock(text, 'PUBLIC KEY', maxKeyCharacters)) };
}

async function readSignerPolicy(path: string): Promise<Requirement> {
  const read = await readPolicyFile(path);
  return read.kind === 'release' ? read : { kind: 'policy', policy: read.policy };
}
