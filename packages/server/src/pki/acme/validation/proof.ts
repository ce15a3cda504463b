/** What a client must show, and where the server may look (RFC 8555, section 8.1). */
import { createHash } from 'node:crypto';
import { isReachable } from '../../../http/outgoing/address-policy.ts';
import type { Directory } from '../directories/directory.ts';
import { AcmeProblem } from '../problem.ts';
import type { Resolver } from './resolver.ts';

/** One attempt to find a proof. */
export interface Attempt {
  /** The host name, or the address. */
  readonly name: string;
  readonly kind: 'dns' | 'ip';
  readonly token: string;
  /** The thumbprint of the account's key. */
  readonly thumbprint: string;
  readonly directory: Pick<Directory, 'addresses' | 'httpPort' | 'tlsPort'>;
  readonly resolver: Resolver;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** `token.thumbprint`. */
export function keyAuthorization({ token, thumbprint }: Pick<Attempt, 'token' | 'thumbprint'>): string {
  return `${token}.${thumbprint}`;
}

/** Its SHA-256. */
export function keyAuthorizationDigest(attempt: Pick<Attempt, 'token' | 'thumbprint'>): Buffer {
  return createHash('sha256').update(keyAuthorization(attempt)).digest();
}

/** Connections that one host may cost: a name may have more addresses than anybody should try. */
const maxAddresses = 4;

/**
 * Tries `connect` on the addresses of `host` until one of them answers. Throws `dns`, `connection` when the policy lets none
 * through, or what the last address threw.
 */
export async function tryAddresses<T>(
  { resolver, directory, signal }: Pick<Attempt, 'resolver' | 'directory' | 'signal'>,
  host: { readonly kind: 'dns' | 'ip'; readonly name: string },
  connect: (address: string) => Promise<T>,
): Promise<T> {
  const all = host.kind === 'ip' ? [host.name] : await resolver.findAddresses(host.name);
  const allowed = all.filter((address) => isReachable(address, directory.addresses)).slice(0, maxAddresses);
  let failure = new AcmeProblem('connection', 'expected an address that this directory may connect to');
  for (const address of allowed) {
    try {
      return await connect(address);
    } catch (error) {
      if (!(error instanceof AcmeProblem && error.type === 'connection')) throw error;
      failure = error;
      if (signal.aborted) break;
    }
  }
  throw failure;
}

/** A failed connection, without what the other side said. */
export function refuseConnection(cause: unknown): AcmeProblem {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer in time';
  return new AcmeProblem('connection', `expected to connect, got ${code}`, { cause });
}
