/** The way into the hub, the same for every transport: limits, channels, who may hear them, and a place to start. */
import { TrustError } from '@signpost/protocol/errors';
import { Refusal } from '../../errors.ts';
import { limitKey } from '../../http/address.ts';
import type { AppEnv } from '../../http/context.ts';
import { assertMayHear, parseNames, readerOf } from '../channels/access.ts';
import type { PushMetrics, Transport } from '../metrics.ts';
import type { Admission } from './admission.ts';
import type { Listener } from './audience.ts';
import type { Hub } from './hub.ts';
import type { Reader } from './reader.ts';
import type { Wire } from './wire.ts';

/** What listening takes. */
export interface ListenParts {
  readonly hub: Hub;
  readonly admission: Admission;
  readonly metrics: PushMetrics;
}

/** What a request asks for. */
export interface Asked {
  readonly channels: string;
  readonly since: string | undefined;
  readonly transport: Transport;
}

type Variables = Pick<AppEnv['Variables'], 'organisation' | 'principal' | 'address'>;

/** Somebody who may listen. */
export interface Entered {
  readonly reader: Reader;
  /** Feeds the wire from here on. */
  readonly start: (wire: Wire) => Listener;
  /** To be called when the connection is gone, or comes to nothing. */
  readonly leave: () => void;
}

/**
 * Lets somebody in, or throws: `invalid`, `not_found`, `unauthenticated`, `forbidden` for the channels, `rate_limited` and `unavailable` for
 * the limits, `unavailable` while nothing can be signed.
 */
export async function enterHub(parts: ListenParts, variables: Variables, asked: Asked): Promise<Entered> {
  const { reader, names, leave } = await admit(parts, variables, asked);
  try {
    const organisationId = variables.organisation.id;
    const start = await parts.hub.prepare({ organisationId, names, since: asked.since, reader });
    return { reader, start, leave };
  } catch (error) {
    leave();
    throw error;
  }
}

/** A stranger at the socket. */
export interface Stranger {
  readonly organisationId: string;
  /** As the limits count it. */
  readonly client: string;
}

/**
 * As `enterHub`, where all that it takes is at hand: what is returned lets the stranger in, if it is called in the same turn. Undefined where
 * something must be waited for or refused, of which nothing is counted yet.
 */
export function prepareEntry(
  { hub, admission }: ListenParts,
  { organisationId, client }: Stranger,
  { channels, since, transport }: Asked,
): (() => Entered) | undefined {
  const reader: Reader = { principal: undefined, address: client };
  const feed = hub.findFeed(organisationId);
  if (!feed || !admission.hasRoom(reader)) return undefined;
  try {
    const names = parseNames(channels);
    assertMayHear(feed, { kind: 'anonymous' }, names);
    const start = hub.prepareAtOnce({ organisationId, names, since, reader });
    return start && (() => ({ reader, start, leave: admission.enter(reader, transport) }));
  } catch (error) {
    // `enterHub` refuses it in full.
    if (error instanceof Refusal || error instanceof TrustError) return undefined;
    throw error;
  }
}

/** The first half of `enterHub`: who asks, for what, within the limits. */
export async function admit(
  { hub, admission, metrics }: ListenParts,
  { organisation, principal, address }: Variables,
  { channels, transport }: Omit<Asked, 'since'>,
): Promise<{ reader: Reader; names: readonly string[]; leave: () => void }> {
  const names = parseNames(channels);
  const reader = readerOf(principal, limitKey(address));
  const leave = admission.enter(reader, transport);
  try {
    const feed = await hub.feedOf(organisation.id);
    assertMayHear(feed, principal, names);
    return { reader, names, leave };
  } catch (error) {
    leave();
    if (error instanceof Refusal && ['unauthenticated', 'forbidden'].includes(error.code)) metrics.countAuthFailure();
    throw error;
  }
}
