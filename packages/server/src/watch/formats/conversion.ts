/** From and to the settings of other tools. An import is a proposal: nothing is in force until people put it there. */
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import { type PolicyDocument, type PolicyRule, type PolicySigner, parsePolicyDocument } from '../policies/document.ts';
import { matchesGlob, mayOverlap } from '../policies/glob.ts';
import { readPolicy } from '../policies/policy.ts';
import { proposePolicy } from '../policies/proposal.ts';
import { findSourceByKey } from '../sources/store.ts';
import { compareRules } from './compare-rules.ts';
import { readFormat } from './format-thread.ts';
import { type FormatName, formats } from './formats.ts';
import type { Exported } from './image-policy.ts';
import { type AttachedFiles, indexKeys } from './public-keys.ts';
import type { Remark } from './remark.ts';

/** A file to be read. */
export interface ImportRequest {
  readonly organisationId: string;
  readonly format: FormatName;
  readonly text: string;
  readonly attached: AttachedFiles;
  /** What would let through more is proposed as well. */
  readonly allowLooser: boolean;
  /** Ends the reading: whoever asked is gone. */
  readonly signal?: AbortSignal | undefined;
}

/** Who signs a source that is watched, as a file says. */
interface ProposedSigners {
  readonly id: string;
  readonly source: string;
  readonly signers: readonly PolicySigner[];
}

/** What a file comes to. */
export interface ImportProposal {
  /** The policy in force with the rules of the file before its own. */
  readonly document: PolicyDocument;
  readonly remarks: readonly Remark[];
  readonly declarations: readonly ProposedSigners[];
}

/**
 * Proposes what a file says, before the rules in force; of one name the file's rule stays. Throws `invalid`, rule `watch-format`, for what is no
 * file of the tool, and rule `watch-import-looser` where more would be let through, naming each clause; and as `FairTurns.run` does.
 */
export async function proposeImport(query: Query, request: ImportRequest): Promise<ImportProposal> {
  const { organisationId, format, text, attached, allowLooser, signal } = request;
  const read = await readFormat({ format, text, attached }, { organisationId, signal });
  const { rules } = parsePolicyDocument({ schema: 1, rules: read.rules });
  const inForce = (await readPolicy(query, organisationId)).document.rules;
  const remarks = [...read.remarks, ...rules.flatMap((rule) => compareRules(inForce, rule))];
  if (!allowLooser) assertNothingLooser(remarks);
  const names = new Set(rules.map(({ name }) => name));
  const document = parsePolicyDocument({
    schema: 1,
    rules: [...rules, ...inForce.filter(({ name }) => !names.has(name))],
  });
  return { document, remarks, declarations: await listDeclarations(query, organisationId, rules) };
}

const maxNamed = 20;

function assertNothingLooser(remarks: readonly Remark[]): void {
  const loose = remarks.filter(({ effect }) => effect === 'looser');
  if (loose.length === 0) return;
  const named = loose.slice(0, maxNamed).map(({ clause, text }) => `${clause} (${text})`);
  const more = loose.length > maxNamed ? `; and ${loose.length - maxNamed} more` : '';
  throw new Refusal('invalid', `it would let through more than it says: ${named.join('; ')}${more}`, {
    rule: 'watch-import-looser',
    hint: 'with --allow-looser it is proposed all the same, and each clause is named',
  });
}

async function listDeclarations(
  query: Query,
  organisationId: string,
  rules: readonly PolicyRule[],
): Promise<readonly ProposedSigners[]> {
  const found: ProposedSigners[] = [];
  for (const { match, require } of rules) {
    const { source: key = '*' } = match;
    if (key.includes('*') || !require.signers) continue;
    const source = await findSourceByKey(query, { organisationId, key });
    if (source?.removed_at === null) found.push({ id: source.id, source: key, signers: require.signers });
  }
  return found;
}

/** What is to be written. */
export interface ExportRequest {
  readonly organisationId: string;
  readonly format: FormatName;
  /** What was learned and declared, or the policy in force. */
  readonly from: 'learned' | 'policy';
  /** Of some sources only, by pattern. */
  readonly source: string | undefined;
  /** Public keys and certificates in PEM: of keys the watch knows digests alone. */
  readonly attached: AttachedFiles;
}

/** Writes what is known as files of another tool. Throws `invalid`, rule `watch-format`, for attached files that hold no keys. */
export async function exportPolicy(query: Query, request: ExportRequest): Promise<Exported> {
  const { format, attached } = request;
  return formats[format].write(await listRules(query, request), indexKeys(attached));
}

async function listRules(
  query: Query,
  { organisationId, from, source }: ExportRequest,
): Promise<readonly PolicyRule[]> {
  if (from === 'learned') return (await proposePolicy(query, { organisationId, source })).rules;
  const { rules } = (await readPolicy(query, organisationId)).document;
  if (source === undefined) return rules;
  return rules.filter(({ match }) => {
    const pattern = match.source ?? `${match.ecosystem ?? '*'}:**`;
    return pattern.includes('*') ? mayOverlap(source, pattern) : matchesGlob(source, pattern);
  });
}
