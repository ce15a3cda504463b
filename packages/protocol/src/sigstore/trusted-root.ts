/** Trusted roots (sigstore/protobuf-specs, sigstore_trustroot.proto): parsed and verified once, then used for any number of bundles. */
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { isPresent, parseArray, parseObject, parseString } from '../json/fields.ts';
import { parseDocument } from '../json/parse.ts';
import { type AuthorityInstance, parseCertificateAuthority, parseTimestampAuthority } from './authority-instance.ts';
import { type LogInstance, parseLogInstance } from './log-instance.ts';

declare const verified: unique symbol;

/** Whom to trust. Only `parseTrustedRoot` makes one: its keys are imported, and its chains verified. */
export interface TrustedRoot {
  readonly [verified]: true;
  /** Of signatures. */
  readonly logs: readonly LogInstance[];
  /** Of certificates. */
  readonly certificateLogs: readonly LogInstance[];
  readonly certificateAuthorities: readonly AuthorityInstance[];
  readonly timestampAuthorities: readonly AuthorityInstance[];
}

/** A trusted root above this is refused unread, in bytes. */
export const maxTrustedRootBytes: number = 1024 * 1024;
/** The most instances of one kind. */
const maxInstances = 256;

const mediaTypes = [
  'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  'application/vnd.dev.sigstore.trustedroot.v0.1+json',
  'application/vnd.dev.sigstore.trustedroot.v0.2+json',
];

/**
 * Parses and verifies JSON. Members that are unknown are left alone, and so are logs with keys of a kind that is unknown here;
 * everything else must be whole, or `trusted_root_invalid` is thrown (`too_large` above the limit), with the cause.
 */
export async function parseTrustedRoot(bytes: Uint8Array): Promise<TrustedRoot> {
  try {
    return await interpretTrustedRoot(parseDocument(bytes, maxTrustedRootBytes));
  } catch (cause) {
    if (!(cause instanceof TrustError) || cause.code === 'too_large') throw cause;
    throw new TrustError('trusted_root_invalid', `expected a trusted root: ${cause.message}`, { cause });
  }
}

async function interpretTrustedRoot(value: SignableValue): Promise<TrustedRoot> {
  const object = parseObject(value, 'the trusted root');
  const mediaType = parseString(object, 'mediaType');
  if (!mediaTypes.includes(mediaType)) {
    throw new TrustError('malformed', `expected a trusted root of version 0.1 or 0.2, got ${mediaType.slice(0, 100)}`);
  }
  const root = {
    logs: await parseLogs(object, 'tlogs'),
    certificateLogs: await parseLogs(object, 'ctlogs'),
    certificateAuthorities: await parseInstances(object, 'certificateAuthorities', parseCertificateAuthority),
    timestampAuthorities: await parseInstances(object, 'timestampAuthorities', parseTimestampAuthority),
  };
  return root as unknown as TrustedRoot;
}

async function parseLogs(object: SignableObject, name: string): Promise<readonly LogInstance[]> {
  const logs = await parseInstances(object, name, parseLogInstance);
  return logs.filter((log) => log !== undefined);
}

/** The member `name`; absent is empty. Refusals say which of the instances is meant. */
async function parseInstances<T>(
  object: SignableObject,
  name: string,
  parse: (instance: SignableObject) => Promise<T>,
): Promise<readonly T[]> {
  if (!isPresent(object, name)) return [];
  const values = parseArray(object, name);
  if (values.length > maxInstances) {
    throw new TrustError('malformed', `expected at most ${maxInstances} ${name}, got ${values.length}`);
  }
  const instances: T[] = [];
  for (const [index, value] of values.entries()) {
    try {
      instances.push(await parse(parseObject(value, 'the instance')));
    } catch (cause) {
      if (!(cause instanceof TrustError)) throw cause;
      throw new TrustError(cause.code, `${name}[${index}]: ${cause.message}`, { cause });
    }
  }
  return instances;
}
