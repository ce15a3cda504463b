/** The doctor on catalogues: those that are not served, wait to be signed, or run out. */
import { Refusal } from '../errors.ts';
import { readServedCatalogue } from '../modules/catalogue/publication.ts';
import { listCatalogues } from '../modules/catalogue/store.ts';
import { type DoctorDependencies, dayMs, type Finding } from './finding.ts';

const hint = 'signpost unlock; signpost key list: an active key for the collection, or for all, in the trust list';

/** Catalogues that clients cannot read now, or soon. */
export async function examineCatalogues(dependencies: DoctorDependencies, organisationId: string): Promise<Finding[]> {
  const { database, now } = dependencies;
  const findings: Finding[] = [];
  for (const { collection, catalogue } of await listCatalogues(database.query, organisationId)) {
    const { slug } = collection;
    const refused = await readServedCatalogue(dependencies, organisationId, slug).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refused instanceof Refusal) {
      const message = `the catalogue of ${slug} is not served: ${refused.message}`;
      findings.push({ level: 'error', code: 'catalogue-not-served', message, hint });
    } else if (catalogue.expires_at - now() < dayMs) {
      const message = `the catalogue of ${slug} expires within a day`;
      findings.push({ level: 'warning', code: 'catalogue-expiring', message, hint });
    } else if (catalogue.behind_since !== null) {
      const since = new Date(catalogue.behind_since).toISOString();
      const message = `the catalogue of ${slug} waits to be signed since ${since}`;
      findings.push({ level: 'warning', code: 'catalogue-behind', message, hint });
    }
  }
  return findings;
}
