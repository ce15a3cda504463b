/** A reader of images that asks a registry of the tests, under the trusted root of the tests. */

import type { Ask } from '../../../../src/watch/readers/ask.ts';
import type { FindCredential } from '../../../../src/watch/readers/oci/credentials.ts';
import { createOciReader } from '../../../../src/watch/readers/oci/oci-reader.ts';
import { createRegistryClient } from '../../../../src/watch/readers/oci/registry-client.ts';
import type { Listing, Reader, Unanswered } from '../../../../src/watch/readers/reader.ts';
import { createAsk } from '../../../../src/watch/readers/send-question.ts';
import type { ObservedArtifact } from '../../../../src/watch/recording/sighting.ts';
import { context, signedAt } from '../signing.ts';

/** A repository that is read. */
export interface Look {
  readonly reader: Reader;
  list(validators?: string): Promise<Listing>;
  observe(names: { readonly tag?: string }, content?: string): Promise<Observed>;
  /** Throws unless the tag leads to an image. */
  see(tag: string): Promise<ObservedArtifact>;
}

type Observed = ObservedArtifact | Unanswered | { readonly kind: 'absent' };

/** How a registry is looked at. */
interface LookOptions {
  readonly repository?: string;
  readonly findCredential?: FindCredential;
  /** Questions about these URLs are given up soon: nothing that ends is asked there. */
  readonly impatientFor?: RegExp;
  /** Beside the registry itself. */
  readonly privateHosts?: readonly string[];
  /** Nobody is found by name, unless told otherwise. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  readonly now?: () => number;
  /** Hears of each question. */
  readonly asked?: () => void;
}

const { signal } = new AbortController();

/** A reader that has read nothing yet, of one repository at `host`. */
export function lookAt(host: string, options: LookOptions = {}): Look {
  const { repository = 'org/app', findCredential = async () => undefined, now = () => signedAt } = options;
  const { privateHosts = [], impatientFor, resolve = async () => [], asked = () => undefined } = options;
  const parts = { privateHosts: new Set([host, ...privateHosts]), now, resolve };
  const [patient, impatient] = [createAsk(parts), createAsk({ ...parts, timeoutMs: 100 })];
  const ask: Ask = (question) => {
    asked();
    return impatientFor?.test(question.url) ? impatient(question) : patient(question);
  };
  const client = createRegistryClient({ ask, findCredential, now });
  const { trustedRoots, builders } = context;
  const readTrustedRoots = async () => trustedRoots;
  const reader = createOciReader({ client, plainHosts: new Set(), readTrustedRoots, builders, now });
  const source = { organisationId: 'o', key: `oci:${host}/${repository}` };
  const observe: Look['observe'] = (names, content) =>
    reader.observe(source, { names, content, line: 'other', isDefault: false }, signal);
  return {
    ...{ reader, observe },
    list: (validators) => reader.list({ ...source, validators }, signal),
    see: async (tag) => {
      const observed = await observe({ tag });
      if ('facts' in observed) return observed;
      throw new Error(`expected ${tag} to be seen, got ${JSON.stringify(observed)}`);
    },
  };
}

/** Outcomes of the signatures that were seen, or what is unknown. */
export function outcomesOf({ facts: { signatures } }: ObservedArtifact): readonly string[] | 'unknown' {
  if (signatures === 'unknown') return signatures;
  return signatures.map(({ outcome, reason, format }) => [format, outcome, ...(reason ? [reason] : [])].join(' '));
}
