/** The watch's policy as a text to edit: what can be told of it before the server judges it. */
import { t } from './texts.ts';

/** Tools whose settings are read and written. */
export const foreignFormats = ['cosign', 'policy-controller', 'kyverno', 'notation', 'pnpm'] as const;
/** One of them. */
export type ForeignFormat = (typeof foreignFormats)[number];

/** A public key or certificate in PEM, under the name by which settings call it. */
export interface AttachedKey {
  readonly name: string;
  readonly text: string;
}

/** A rule as it is shown. */
export interface PolicyRule {
  readonly name: string;
  readonly mode: string;
  readonly match: string;
  readonly demands: string;
}

/** The text of a policy's document. */
export function formatPolicy(document: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(document, null, 2);
}

/** What is wrong with the text, the first thing; undefined when it reads as a policy. The server looks closer. */
export function checkPolicy(text: string): string | undefined {
  const document = parse(text);
  if (typeof document === 'string') return t('policyNotJson', { reason: document });
  if (document.schema !== 1) return t('policyNoSchema');
  const strange = Object.keys(document).find((name) => name !== 'schema' && name !== 'rules');
  if (strange !== undefined) return t('policyStrange', { name: strange });
  if (!Array.isArray(document.rules)) return t('policyNoRules');
  const names = new Set<unknown>();
  for (const [index, rule] of document.rules.entries()) {
    if (!isRecord(rule) || typeof rule.name !== 'string' || rule.name === '')
      return t('policyNoName', { number: index + 1 });
    if (names.has(rule.name)) return t('policyTwice', { name: rule.name });
    if (!['observe', 'warn', 'enforce'].includes(String(rule.mode))) return t('policyNoMode', { name: rule.name });
    names.add(rule.name);
  }
  return undefined;
}

/** The rules in a text that reads as a policy, in their order. */
export function listRules(text: string): readonly PolicyRule[] {
  const document = parse(text);
  if (typeof document === 'string' || !Array.isArray(document.rules)) return [];
  return document.rules.filter(isRecord).map(({ name, mode, match, require: demands }) => ({
    name: String(name),
    mode: String(mode),
    match: describeMembers(match) || t('everything'),
    demands: describeMembers(demands) || t('asUsual'),
  }));
}

function describeMembers(value: unknown): string {
  if (!isRecord(value)) return '';
  return Object.entries(value)
    .map(([name, member]) => `${name}: ${Array.isArray(member) ? member.length : String(member)}`)
    .join(', ');
}

function parse(text: string): Readonly<Record<string, unknown>> | string {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : 'an object was expected';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
