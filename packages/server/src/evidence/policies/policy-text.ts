/** Policies as people write them: YAML 1.2 with unique keys, no aliases, no tags; JSON is a part of it. */
import { createHash } from 'node:crypto';
import { maxPolicyBytes, parsePolicy, type ReleasePolicy } from '@signpost/protocol/policy/policy';
import { Refusal } from '../../errors.ts';
import { loadYaml } from '../../packages-by-need.ts';

/** A policy that was read, with the text that it was read from. */
export interface PolicyText {
  readonly text: string;
  readonly sha256: string;
  readonly policy: ReleasePolicy;
}

/** Reads a policy. Throws `invalid`, rule `policy-text`, for what is no YAML, and `trust_refused` for what is no policy. */
export function readPolicyText(text: string): PolicyText {
  if (Buffer.byteLength(text) > maxPolicyBytes) {
    throw new Refusal('too_large', `expected a policy of at most ${maxPolicyBytes} bytes`, { rule: 'policy-text' });
  }
  return { text, sha256: createHash('sha256').update(text).digest('hex'), policy: parsePolicy(decodeYaml(text)) };
}

/** Brackets in a policy: a hundred thousand of them, nested, would hold up everybody for seconds. */
const maxBrackets = 2000;
/**
 * Line ends, and characters that mean something in YAML: what the parser takes grows with their square, to minutes for a policy of nothing but commas.
 * A rule takes about a dozen.
 */
const maxMarks = 10_000;

function decodeYaml(text: string): unknown {
  if ((text.match(/[[{]/g) ?? []).length > maxBrackets) throw refuse(`expected at most ${maxBrackets} brackets`);
  if ((text.match(/[\r\n\t,:?\-"'#&*!|>%@`[\]{}\uFEFF]/g) ?? []).length > maxMarks) {
    throw refuse(`expected at most ${maxMarks} lines and marks of YAML`);
  }
  const { parseDocument } = loadYaml();
  // With 'core', what looks like a date stays text; an alias would let a few lines stand for gigabytes.
  const document = parseDocument(text, { version: '1.2', schema: 'core', uniqueKeys: true, stringKeys: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) {
    const line = problem.linePos?.[0].line;
    throw refuse(line === undefined ? 'expected YAML' : `expected YAML, which ends at line ${line}: ${problem.code}`);
  }
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw refuse('expected YAML without aliases', cause);
  }
}

function refuse(message: string, cause?: unknown): Refusal {
  return new Refusal('invalid', message, {
    rule: 'policy-text',
    hint: 'docs/protocol/policy.md has an example',
    cause,
  });
}
