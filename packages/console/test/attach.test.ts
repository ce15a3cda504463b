/** What a dropped file of evidence is taken for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guessKind } from '../src/areas/evidence/attach.ts';

test('an SBOM and a VEX say so at their beginning, and everything else is taken for a bundle', async () => {
  for (const [text, kind] of [
    ['{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}', 'bundle'],
    ['{"bomFormat": "CycloneDX", "components": []}', 'sbom'],
    ['  <bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>', 'sbom'],
    ['{"spdxVersion":"SPDX-2.3"}', 'sbom'],
    ['{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}', 'sbom'],
    ['{"@context":"https://openvex.dev/ns/v0.2.0"}', 'vex'],
    ['{"bomFormat":"CycloneDX","vulnerabilities":[]}', 'vex'],
    ['{"bomFormat":"CycloneDX","components":[],"vulnerabilities":[]}', 'sbom'],
    ['', 'bundle'],
  ] as const) {
    assert.equal(await guessKind(new Blob([text])), kind, text);
  }
});
