/** The way from what was learned to what is declared: a policy that names who signs each source now. */
import type { Query } from '../../storage/database.ts';
import type { Revision } from '../baseline/revision.ts';
import { readBaseline } from '../learning/baseline.ts';
import { listLines, listSources } from '../sources/store.ts';
import { type PolicyDocument, type PolicySigner, parsePolicyDocument } from './document.ts';
import { matchesGlob } from './glob.ts';

const pageSize = 500;
/** As many rules as a policy may have. */
const maxRules = 1000;

/** A policy of one rule for each source with a known line; `source` picks some of them by pattern. */
export async function proposePolicy(
  query: Query,
  { organisationId, source }: { readonly organisationId: string; readonly source: string | undefined },
): Promise<PolicyDocument> {
  const rules: unknown[] = [];
  let after: string | undefined;
  do {
    const page = await listSources(query, { organisationId, after, limit: pageSize });
    after = page.length === pageSize ? page.at(-1)?.key : undefined;
    for (const { id, key } of page.filter((row) => source === undefined || matchesGlob(source, row.key))) {
      const known: Revision[] = [];
      for (const { number, name } of await listLines(query, id)) {
        const revision = (await readBaseline(query, number))?.revision;
        const isKnown = revision?.state === 'established' || revision?.state === 'declared';
        if (isKnown && /^(?:\d+|release)$/.test(name)) known.push(revision);
      }
      if (known.length > 0 && rules.length < maxRules) rules.push(proposeRule(key, known));
    }
  } while (after !== undefined && rules.length < maxRules);
  return parsePolicyDocument({ schema: 1, rules });
}

/** What all known lines show. */
function proposeRule(key: string, known: readonly Revision[]): unknown {
  const signers = known.flatMap(listSigners);
  const isAlways = (show: (revision: Revision) => boolean) => known.every(show);
  const builders = [...new Set(known.flatMap(({ provenance }) => provenance.builders))];
  const level = Math.min(...known.map(({ provenance }) => provenance.level));
  const hasProvenance = isAlways(({ provenance }) => provenance.present === 'always');
  const require = {
    ...(isAlways(({ signed }) => signed === 'always') && signers.length > 0 && { signers: uniqueOf(signers) }),
    ...(hasProvenance && builders.length > 0 && { builders }),
    ...(hasProvenance && level > 0 && { slsa_level: level }),
    ...(isAlways(({ sbom }) => sbom === 'always') && { sbom: true }),
    ...(isAlways(({ transparency }) => transparency === 'included') && { transparency: true }),
  };
  return { name: key, match: { source: key }, mode: 'enforce', require };
}

function listSigners({ identities, keys }: Revision): readonly PolicySigner[] {
  return [
    ...identities
      .filter(({ state }) => state === 'accepted')
      .map(({ identity: { issuer, subject, ownerId, repositoryId, refType } }) => ({
        ...{ issuer, subject },
        ...(ownerId !== undefined && { ownerId }),
        ...(repositoryId !== undefined && { repositoryId }),
        ...(refType !== undefined && { refType }),
      })),
    ...keys.filter(({ state }) => state === 'accepted').map(({ key }) => ({ key })),
  ];
}

function uniqueOf(signers: readonly PolicySigner[]): readonly PolicySigner[] {
  return [...new Map(signers.map((signer) => [JSON.stringify(signer), signer])).values()].slice(0, 100);
}
