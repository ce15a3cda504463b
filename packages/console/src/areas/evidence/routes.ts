/** The area `evidence`: whose word there is for a file, what is in it, and what must be shown before it goes into service. */
import type { Area } from '../../app/area.ts';

/** Its pages. */
export const evidence: Area = {
  name: 'evidence',
  navigation: { label: { en: 'Evidence', de: 'Belege' }, icon: 'evidence', path: 'evidence', key: 'e' },
  routes: [
    {
      path: 'evidence',
      title: { en: 'Trusted roots', de: 'Vertraute Wurzeln' },
      page: () => import('./TrustRoots.svelte'),
    },
    {
      path: 'evidence/add',
      title: { en: 'Trust a root', de: 'Wurzel vertrauen' },
      page: () => import('./AddRoot.svelte'),
      roles: ['admin'],
    },
    {
      path: 'evidence/roots/{root}',
      title: { en: 'Trusted root', de: 'Vertraute Wurzel' },
      page: () => import('./TrustRoot.svelte'),
    },
    {
      path: 'evidence/projects',
      title: { en: 'Release policies', de: 'Richtlinien für Releases' },
      page: () => import('./Projects.svelte'),
    },
    {
      path: 'evidence/components',
      title: { en: 'Components', de: 'Bestandteile' },
      page: () => import('./AllComponents.svelte'),
    },
    {
      path: 'evidence/projects/{project}',
      title: { en: 'Release policy', de: 'Richtlinie für Releases' },
      page: () => import('./Project.svelte'),
    },
    {
      path: 'evidence/projects/{project}/{version}',
      title: { en: 'Evidence of a release', de: 'Belege eines Releases' },
      page: () => import('./Release.svelte'),
    },
    {
      path: 'evidence/projects/{project}/{version}/sbom',
      title: { en: 'What is in it', de: 'Was darin steckt' },
      page: () => import('./Sbom.svelte'),
    },
  ],
  commands: [
    {
      label: { en: 'Trusted roots', de: 'Vertraute Wurzeln' },
      path: 'evidence',
      words: 'sigstore tuf fulcio rekor vulnerabilities osv',
    },
    {
      label: { en: 'Release policies', de: 'Richtlinien für Releases' },
      path: 'evidence/projects',
      words: 'sbom slsa provenance bundle gate herkunft schwachstellen',
    },
    {
      label: { en: 'Search components', de: 'Bestandteile suchen' },
      path: 'evidence/components',
      words: 'sbom purl licence library package lizenz bibliothek paket',
    },
  ],
  texts: { en: () => import('./texts.en.ts'), de: () => import('./texts.de.ts') },
};
