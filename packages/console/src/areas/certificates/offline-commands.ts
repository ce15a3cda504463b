/** What is typed on the machine that holds an offline root of authorities. */
import { quoteWord } from '@signpost/protocol/bytes/shell-word';
import type { Authority } from './states.ts';

const folder = '--dir ~/signpost-ca-root';

/** Shows what the root has signed and revoked. */
export const showCommand: string = `signpost ca root show ${folder}`;

/** Makes a root with this common name. */
export function initCommand(commonName: string): string {
  return `signpost ca root init ${folder} --cn ${quoteWord(commonName)}`;
}

/** Signs what `authority` asks for, by the root `parent`: with the addresses that its certificates name, where the server knows them. */
export function signCommand(
  { name }: Pick<Authority, 'name'>,
  parent: Pick<Authority, 'crl_url' | 'issuer_url'> | undefined,
): string {
  const addresses = [
    ...(parent?.crl_url ? [`--crl-url ${quoteWord(parent.crl_url)}`] : []),
    ...(parent?.issuer_url ? [`--issuer-url ${quoteWord(parent.issuer_url)}`] : []),
  ];
  const signed = `signpost ca root sign ${quoteWord(`${name}.csr`)} ${folder} --out ${quoteWord(`${name}.pem`)}`;
  return [signed, ...addresses].join(' \\\n  ');
}

/** Why a root revokes the certificate of an authority, the usual reason first. */
export const listReasons = [
  'superseded',
  'cACompromise',
  'cessationOfOperation',
  'affiliationChanged',
  'privilegeWithdrawn',
  'unspecified',
] as const;

/** Signs the next revocation list, with `revoked` on it if one is given. */
export function listCommand(revoked: { readonly serial: string; readonly reason: string } | undefined): string {
  const words = revoked ? ` --revoke ${quoteWord(revoked.serial)} --reason ${quoteWord(revoked.reason)}` : '';
  return `signpost ca root crl ${folder}${words} --out root.crl`;
}
