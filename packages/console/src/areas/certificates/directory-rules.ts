/** The rules of an ACME directory as they are typed, and as the API takes them. */
import type { Answer, Body } from '../../api/client.ts';
import { Problem } from '../../api/problem.ts';
import { splitLines, splitWords } from '../../app/typed-text.ts';

/** A directory. */
export type Directory = Answer<'GET /api/acme/directories'>['directories'][number];

/** Ways to prove that one controls a name (RFC 8555, 8; RFC 8737). */
export const challengeTypes = ['http-01', 'dns-01', 'tls-alpn-01'] as const;

/** Where the server connects to, to look for a proof. */
export const addressRanges = ['public', 'private', 'any'] as const;

/** The fields of the form. */
export interface TypedRules {
  names: string;
  binding: string;
  profiles: string;
  challenges: readonly string[];
  terms: string;
  addresses: string;
  httpPort: string;
  tlsPort: string;
}

/** What stands in the fields at first: what holds, or what is usual. */
export function typeRules(one: Directory | undefined): TypedRules {
  return {
    names: (one?.names ?? []).join('\n'),
    binding: (one?.binding_required ?? true) ? 'required' : 'optional',
    profiles: (one?.profiles ?? []).map(({ name, profile }) => `${name}=${profile}`).join('\n'),
    challenges: one?.challenges ?? challengeTypes,
    terms: one?.terms_url ?? '',
    addresses: one?.addresses ?? 'private',
    httpPort: String(one?.http_port ?? ''),
    tlsPort: String(one?.tls_port ?? ''),
  };
}

/** The same for the API. What is left empty stays as the server has it. Throws `Problem` for a line of profiles that is none. */
export function readRules(
  typed: TypedRules,
  one: Directory | undefined,
): Body<'PATCH /api/acme/directories/{directory}'> {
  const profiles = splitLines(typed.profiles).map((line) => readProfile(line, one?.profiles ?? []));
  return {
    ...{ names: splitWords(typed.names), binding_required: typed.binding === 'required' },
    ...(profiles.length > 0 && { profiles }),
    challenges: challengeTypes.filter((type) => typed.challenges.includes(type)),
    terms_url: typed.terms.trim() === '' ? null : typed.terms.trim(),
    addresses: addressRanges.find((range) => range === typed.addresses) ?? 'private',
    ...(typed.httpPort !== '' && { http_port: Number(typed.httpPort) }),
    ...(typed.tlsPort !== '' && { tls_port: Number(typed.tlsPort) }),
  };
}

type Profile = Directory['profiles'][number];

/** Such as `web=server`, or `server` alone; what clients read of it stays where nothing else is chosen. */
function readProfile(line: string, before: readonly Profile[]): Profile {
  const [name = '', profile = name, ...more] = line.split('=').map((part) => part.trim());
  if (name === '' || profile === '' || more.length > 0) {
    throw new Problem({ status: 0, code: 'invalid', detail: `expected lines such as web=server, got "${line}"` });
  }
  const same = before.find((one) => one.name === name && one.profile === profile);
  return same ?? { name, profile, description: `certificates of profile ${profile}` };
}
