/** Targets metadata (TUF 1.0.34, 4.5), of the top-level role and of delegated ones. */
import type { SignableObject } from '../json/canonical.ts';
import { parseInteger, parseObject } from '../json/fields.ts';
import { type Delegations, parseDelegations } from './delegations.ts';
import { type ByteFacts, type Hashes, parseHashes } from './file-facts.ts';
import { type Format, type Payload, parseMap } from './signed-file.ts';

/** What is said of a target. */
export interface TargetFacts extends ByteFacts {
  readonly length: number;
  readonly hashes: Hashes;
  /** What the repository adds for its own purposes; nobody here reads it. */
  readonly custom: SignableObject | undefined;
}

/** Targets metadata. */
export interface Targets extends Payload {
  /** By path. */
  readonly targets: ReadonlyMap<string, TargetFacts>;
  readonly delegations: Delegations | undefined;
}

const maxTargets = 1_000_000;

/** Reads targets metadata. */
export const targetsFormat: Format<Targets> = { type: 'targets', parse: parseTargets };

function parseTargets(signed: SignableObject, common: Payload): Targets {
  return {
    ...common,
    targets: parseMap(signed, 'targets', { limit: maxTargets, parse: parseTargetFacts }),
    delegations:
      signed.delegations === undefined ? undefined : parseDelegations(parseObject(signed.delegations, 'delegations')),
  };
}

function parseTargetFacts(value: SignableObject[string], path: string): TargetFacts {
  const entry = parseObject(value, JSON.stringify(path));
  return {
    length: parseInteger(entry, 'length', 0),
    hashes: parseHashes(entry),
    custom: entry.custom === undefined ? undefined : parseObject(entry.custom, 'custom'),
  };
}
