/** Policies in files: whose signatures count (docs/protocol/identity-policy.md), or what a release must have (policy.md). */
import { TrustError } from '@signpost/protocol/errors';
import { maxPolicyBytes, parsePolicy, type ReleasePolicy } from '@signpost/protocol/policy/policy';
import { type IdentityPolicy, parseIdentityPolicy } from '@signpost/protocol/sigstore/identity-policy';
import { parseDocument } from 'yaml';
import { readLocalDocument } from './local-document.ts';

/** What a policy file holds. */
export type PolicyFile =
  | { readonly kind: 'identities'; readonly policy: IdentityPolicy }
  | { readonly kind: 'release'; readonly policy: ReleasePolicy };

/** Reads a policy in YAML or JSON; `policy: 1` marks one for releases. Throws Failure for the file, TrustError for what it holds. */
export async function readPolicyFile(path: string): Promise<PolicyFile> {
  const bytes = await readLocalDocument(path, maxPolicyBytes);
  return parsePolicyText(new TextDecoder('utf-8').decode(bytes));
}

/** The same for its text. */
function parsePolicyText(text: string): PolicyFile {
  const value = decodeYaml(text);
  const isRelease = typeof value === 'object' && value !== null && Object.hasOwn(value, 'policy');
  return isRelease
    ? { kind: 'release', policy: parsePolicy(value) }
    : { kind: 'identities', policy: parseIdentityPolicy(value) };
}

/** As the server reads policies: unique keys, no aliases, nothing that YAML 1.1 took for something else. */
function decodeYaml(text: string): unknown {
  const document = parseDocument(text, { version: '1.2', schema: 'core', uniqueKeys: true, stringKeys: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) {
    const line = problem.linePos?.[0].line;
    const place = line === undefined ? '' : `, which ends at line ${line}`;
    throw new TrustError('malformed', `expected a policy in YAML${place}: ${problem.code}`);
  }
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw new TrustError('malformed', 'expected a policy in YAML without aliases', { cause });
  }
}
