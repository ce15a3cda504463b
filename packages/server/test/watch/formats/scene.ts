/** Rules, keys and files that tests of formats share. */
import { generateKeyPairSync } from 'node:crypto';
import { type FormatName, formats } from '../../../src/watch/formats/formats.ts';
import { parseKeys, type ShownKey } from '../../../src/watch/formats/public-keys.ts';
import { type PolicyRule, type PolicyRuleText, parsePolicyDocument } from '../../../src/watch/policies/document.ts';

export const githubIssuer = 'https://token.actions.githubusercontent.com';
export const workflow = 'https://github.com/org/app/.github/workflows/release.yml';

export const keyPem = createKeyPem();
export const [key] = parseKeys(keyPem, 'a key') as readonly [ShownKey];

function createKeyPem(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();
}

/** Rules with what is usual filled in. */
export function rulesOf(texts: readonly PolicyRuleText[]): readonly PolicyRule[] {
  return parsePolicyDocument({ schema: 1, rules: texts }).rules;
}

/** What a file comes to. */
export function read(format: FormatName, text: string, attached: Readonly<Record<string, string>> = {}) {
  return formats[format].parse(text, new Map(Object.entries(attached)));
}

/** The clauses that were not carried over exactly. */
export function effectsOf({ remarks }: ReturnType<typeof read>): readonly string[] {
  return remarks.map(({ clause, effect }) => `${effect} ${clause}`);
}

export const indent = (text: string, by: number) => text.trimEnd().replaceAll(/^/gm, ' '.repeat(by));

/** A policy of policy-controller's with one authority. */
export function clusterImagePolicy(authority: string, spec = ''): string {
  return `apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata:
  name: image-policy
spec:
  images:
  - glob: "ghcr.io/org/**"
${indent(spec, 2)}
  authorities:
  - ${authority.trim().replaceAll('\n', '\n    ')}
`;
}

/** Its authority for one identity. */
export function keyless(identity: string): string {
  return `keyless:\n  url: https://fulcio.sigstore.dev\n  identities:\n  - issuer: ${githubIssuer}\n    ${identity}\nctlog:\n  url: https://rekor.sigstore.dev`;
}

export const attestors = `attestors:
- entries:
  - keyless:
      issuer: ${githubIssuer}
      subject: a@example.org
      rekor:
        url: https://rekor.sigstore.dev`;

/** A policy of Kyverno's that checks images once. */
export function clusterPolicy(check: string, spec = ''): string {
  return `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: check-image
spec:
  validationFailureAction: Enforce
${indent(spec, 2)}
  rules:
  - name: check-image
    match:
      any:
      - resources:
          kinds: [Pod]
    verifyImages:
    - ${check.trim().replaceAll('\n', '\n      ')}
`;
}
