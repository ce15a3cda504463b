/** Builders and the SLSA build level that they are good for, as data: `data/builders.json` (docs/protocol/provenance.md). */
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { assertMembers, parseArray, parseObject } from '../json/fields.ts';
import { assertCount, parseText, readRule, type TextRule } from './text-rule.ts';

/** The levels of the build track (slsa.dev/spec/v1.1/levels). 0: nothing is guaranteed. */
export type BuildLevel = 0 | 1 | 2 | 3;

/** A builder: which signer and which provenance are its own. Rules that are `undefined` demand nothing. */
export interface BuilderEntry {
  readonly name: string;
  readonly level: BuildLevel;
  /** Of the signing certificate. */
  readonly issuer: string;
  readonly buildSigner: readonly TextRule[] | undefined;
  readonly runner: readonly TextRule[] | undefined;
  /** The workflow that signs stands in another repository than the source. */
  readonly isReusableWorkflow: boolean;
  /** Of the provenance. */
  readonly builderId: readonly TextRule[] | undefined;
  readonly buildType: readonly TextRule[] | undefined;
  /** The provenance names as builder the workflow that signed. */
  readonly isBuilderSigner: boolean;
  /** Where it is written that the builder is good for this level. */
  readonly reference: string;
}

/** The first entry that fits counts. */
export type BuilderTable = readonly BuilderEntry[];

const members = [
  'name',
  'level',
  'issuer',
  'build_signer',
  'runner',
  'reusable_workflow',
  'builder_id',
  'build_type',
  'builder_is_signer',
  'reference',
];
const maxBuilders = 256;
const maxAlternatives = 64;

/** Parses a table from JSON or YAML that somebody else decoded. Throws `malformed`; members that are not known are refused. */
export function parseBuilderTable(value: unknown): BuilderTable {
  const object = parseObject(value as SignableValue | undefined, 'the table of builders');
  assertMembers(object, ['builders'], 'the table of builders');
  const items = parseArray(object, 'builders');
  assertCount(items.length, maxBuilders, 'builders');
  return items.map(parseBuilder);
}

function parseBuilder(value: SignableValue): BuilderEntry {
  const object = parseObject(value, 'a builder');
  assertMembers(object, members, 'a builder');
  return {
    name: parseText(object.name, 'name'),
    level: parseLevel(object.level),
    issuer: parseText(object.issuer, 'issuer'),
    buildSigner: parseRules(object, 'build_signer'),
    runner: parseRules(object, 'runner'),
    isReusableWorkflow: parseFlag(object, 'reusable_workflow'),
    builderId: parseRules(object, 'builder_id'),
    buildType: parseRules(object, 'build_type'),
    isBuilderSigner: parseFlag(object, 'builder_is_signer'),
    reference: parseText(object.reference, 'reference'),
  };
}

function parseLevel(value: SignableValue | undefined): BuildLevel {
  if (value === 1 || value === 2 || value === 3) return value;
  throw new TrustError('malformed', 'expected level to be 1, 2 or 3');
}

function parseRules(object: SignableObject, name: string): readonly TextRule[] | undefined {
  if (object[name] === undefined) return undefined;
  const rules = parseArray(object, name);
  assertCount(rules.length, maxAlternatives, name);
  return rules.map((rule) => readRule(rule, name, { mayBePattern: true }));
}

function parseFlag(object: SignableObject, name: string): boolean {
  const value = object[name] ?? false;
  if (typeof value !== 'boolean') throw new TrustError('malformed', `expected ${name} to be true or false`);
  return value;
}
