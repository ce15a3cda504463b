/** Cases that several rows are made of. */
import { type Case, hex, hour, keyless, provenance, publisher, repository, workflow } from './scene.ts';

export const unsigned: Case = { facts: { signatures: [] } };
export const invalid = keyless(undefined, { outcome: 'invalid', reason: 'signature_invalid' });
export const unverifiable = keyless(undefined, { outcome: 'unverifiable', reason: 'certificate_untrusted' });
export const packaging = workflow({ repository: `${repository}-packaging` });
export const foreignProvenance = provenance({
  repository: 'https://github.com/evil/app',
  owner: 'https://github.com/evil',
});
export const mirror = { name: 'mirror.example.org/app', content: hex('2'), differsMs: 2 * hour };

export function signedBy(...signatures: Parameters<typeof keyless>[0][]): Case {
  return { facts: { signatures: signatures.map((identity) => keyless(identity)) } };
}

export function attested(differs: Parameters<typeof provenance>[0]): Case {
  return { facts: { provenance: [provenance(differs)] } };
}

export function publishedBy(differs: Parameters<typeof publisher>[0]): Case {
  return { facts: { publisher: publisher(differs) } };
}
