/**
 * Certificate policies along a path: RFC 9618, which gives RFC 5280, 6.1 the same answers in linear instead of exponential
 * time (CVE-2023-0464).
 */
import type { Certificate } from './certificate.ts';
import { isSelfIssued } from './certificate.ts';
import type { PolicyMapping } from './constraint-extensions.ts';
import { anyPolicy } from './oids.ts';

/** What a user asks of policies (RFC 5280, 6.1.1 (c) to (g)). */
export interface PolicyInputs {
  /** The policies that are good enough; `undefined`: any. */
  readonly acceptable?: readonly string[];
  readonly requireExplicit?: boolean;
  readonly inhibitMapping?: boolean;
  readonly inhibitAny?: boolean;
}

interface PolicyNode {
  readonly policy: string;
  /** Under which names the next certificate may mean this policy. */
  expected: ReadonlySet<string>;
  readonly parents: readonly PolicyNode[];
}

type Level = ReadonlyMap<string, PolicyNode>;

/** Walks a path from the certificate below the anchor to the last one. */
export class PolicyGraph {
  readonly #inputs: PolicyInputs;
  readonly #length: number;
  #explicitPolicy: number;
  #inhibitAny: number;
  #policyMapping: number;
  /** `undefined`: NULL, nothing is valid any more. */
  #level: Level | undefined;

  /** `length`: how many certificates will be taken. RFC 5280, 6.1.2 (a) and (d) to (f). */
  constructor(length: number, inputs: PolicyInputs) {
    this.#inputs = inputs;
    this.#length = length;
    this.#explicitPolicy = inputs.requireExplicit ? 0 : length + 1;
    this.#inhibitAny = inputs.inhibitAny ? 0 : length + 1;
    this.#policyMapping = inputs.inhibitMapping ? 0 : length + 1;
    this.#level = new Map([[anyPolicy, { policy: anyPolicy, expected: new Set([anyPolicy]), parents: [] }]]);
  }

  /** Takes certificate `number`, from 1. `false`: no policy is left where one is demanded (6.1.3 (d) to (f)). */
  enter(certificate: Certificate, number: number): boolean {
    const policies = certificate.extensions.certificatePolicies?.value.map(({ policy }) => policy);
    const mayBeAny = this.#inhibitAny > 0 || (number < this.#length && isSelfIssued(certificate));
    this.#level = policies && this.#level && growLevel(this.#level, new Set(policies), mayBeAny);
    return this.#explicitPolicy > 0 || this.#level !== undefined;
  }

  /** Prepares for the certificate below. `false`: a mapping of or to any policy (6.1.4 (a), (b), (h) to (j)). */
  leave(certificate: Certificate): boolean {
    const { policyMappings, policyConstraints, inhibitAnyPolicy } = certificate.extensions;
    const mappings = policyMappings?.value ?? [];
    if (mappings.some(({ issuerPolicy, subjectPolicy }) => [issuerPolicy, subjectPolicy].includes(anyPolicy)))
      return false;
    if (this.#level && mappings.length > 0) this.#level = mapLevel(this.#level, mappings, this.#policyMapping > 0);
    if (!isSelfIssued(certificate)) {
      this.#explicitPolicy = Math.max(0, this.#explicitPolicy - 1);
      this.#policyMapping = Math.max(0, this.#policyMapping - 1);
      this.#inhibitAny = Math.max(0, this.#inhibitAny - 1);
    }
    const { requireExplicitPolicy = Infinity, inhibitPolicyMapping = Infinity } = policyConstraints?.value ?? {};
    this.#explicitPolicy = Math.min(this.#explicitPolicy, requireExplicitPolicy);
    this.#policyMapping = Math.min(this.#policyMapping, inhibitPolicyMapping);
    this.#inhibitAny = Math.min(this.#inhibitAny, inhibitAnyPolicy?.value ?? Infinity);
    return true;
  }

  /**
   * The policies, in the terms of the anchor, that the path is valid for, cut down to the acceptable ones; `undefined` when
   * one is demanded and none is left (6.1.5 (a), (b) and (g)). `anyPolicy` in the result stands for all.
   */
  finish(last: Certificate): ReadonlySet<string> | undefined {
    const demanded = last.extensions.policyConstraints?.value.requireExplicitPolicy === 0;
    const explicitPolicy = demanded ? 0 : Math.max(0, this.#explicitPolicy - 1);
    const valid = this.#level ? collectRoots(this.#level) : new Set<string>();
    const policies = limitPolicies(valid, this.#inputs.acceptable);
    return explicitPolicy > 0 || policies.size > 0 ? policies : undefined;
  }
}

/** RFC 9618, 5.2 (d) (1) and (2). */
function growLevel(above: Level, policies: ReadonlySet<string>, mayBeAny: boolean): Level | undefined {
  const meant = indexExpected(above);
  const level = new Map<string, PolicyNode>();
  const any = above.get(anyPolicy);
  for (const policy of policies) {
    const parents = meant.get(policy) ?? (any ? [any] : []);
    if (policy !== anyPolicy && parents.length > 0) level.set(policy, createNode(policy, parents));
  }
  if (policies.has(anyPolicy) && mayBeAny) {
    for (const [policy, parents] of meant) if (!level.has(policy)) level.set(policy, createNode(policy, parents));
  }
  return level.size > 0 ? level : undefined;
}

function createNode(policy: string, parents: readonly PolicyNode[]): PolicyNode {
  return { policy, expected: new Set([policy]), parents };
}

/** The nodes of a level by the names under which they are expected below. */
function indexExpected(level: Level): ReadonlyMap<string, readonly PolicyNode[]> {
  const index = new Map<string, PolicyNode[]>();
  for (const node of level.values()) {
    for (const policy of node.expected) {
      const nodes = index.get(policy);
      if (nodes) nodes.push(node);
      else index.set(policy, [node]);
    }
  }
  return index;
}

/** RFC 9618, 5.3 (b). */
function mapLevel(level: Level, mappings: readonly PolicyMapping[], mayMap: boolean): Level | undefined {
  const mapped = new Map<string, Set<string>>();
  for (const { issuerPolicy, subjectPolicy } of mappings) {
    mapped.set(issuerPolicy, (mapped.get(issuerPolicy) ?? new Set()).add(subjectPolicy));
  }
  const next = new Map(level);
  const any = level.get(anyPolicy);
  for (const [policy, expected] of mapped) {
    const node = level.get(policy);
    if (!mayMap) next.delete(policy);
    else if (node) next.set(policy, { ...node, expected });
    else if (any) next.set(policy, { policy, expected, parents: any.parents });
  }
  return next.size > 0 ? next : undefined;
}

/** The policies, as the first authority to narrow them named them, from which the last level descends. */
function collectRoots(last: Level): ReadonlySet<string> {
  const roots = new Set<string>();
  const seen = new Set<PolicyNode>();
  const pending = [...last.values()];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    // RFC 9618, 5.4 (g): nodes whose parents mean any policy.
    if (node.policy === anyPolicy || node.parents.some(({ policy }) => policy === anyPolicy)) roots.add(node.policy);
    else pending.push(...node.parents);
  }
  return roots;
}

function limitPolicies(valid: ReadonlySet<string>, acceptable: readonly string[] | undefined): ReadonlySet<string> {
  if (!acceptable || acceptable.includes(anyPolicy)) return valid;
  return new Set(acceptable.filter((policy) => valid.has(policy) || valid.has(anyPolicy)));
}
