/** The area `watch`: what is used, who signs it, and what has changed about that. */
import type { Area } from '../../app/area.ts';

/** Its pages. */
export const watch: Area = {
  name: 'watch',
  navigation: { label: { en: 'Watch', de: 'Wache' }, icon: 'watch', path: 'watch', key: 'a' },
  routes: [
    { path: 'watch', title: { en: 'Findings', de: 'Befunde' }, page: () => import('./Findings.svelte') },
    {
      path: 'watch/findings/{finding}',
      title: { en: 'Finding', de: 'Befund' },
      page: () => import('./Finding.svelte'),
    },
    { path: 'watch/cases', title: { en: 'Artifacts', de: 'Artefakte' }, page: () => import('./Cases.svelte') },
    {
      path: 'watch/add',
      title: { en: 'Watch a source', de: 'Quelle bewachen' },
      page: () => import('./AddSource.svelte'),
      roles: ['admin', 'manager'],
    },
    { path: 'watch/sources', title: { en: 'Sources', de: 'Quellen' }, page: () => import('./Sources.svelte') },
    { path: 'watch/sources/{source}', title: { en: 'Source', de: 'Quelle' }, page: () => import('./Source.svelte') },
    {
      path: 'watch/expected',
      title: { en: 'Expected signers', de: 'Erwartete Signierer' },
      page: () => import('./Expected.svelte'),
    },
    { path: 'watch/clusters', title: { en: 'Clusters', de: 'Cluster' }, page: () => import('./Clusters.svelte') },
    {
      path: 'watch/clusters/{cluster}',
      title: { en: 'What runs', de: 'Was läuft' },
      page: () => import('./Cluster.svelte'),
    },
    {
      path: 'watch/gates',
      title: { en: 'Ask a gate', de: 'Gate fragen' },
      page: () => import('./Gate.svelte'),
    },
    {
      path: 'watch/mail',
      title: { en: 'Mail of findings', de: 'Post über Befunde' },
      page: () => import('./Mail.svelte'),
      roles: ['admin', 'manager'],
    },
    { path: 'watch/policy', title: { en: 'Policy', de: 'Richtlinie' }, page: () => import('./Policy.svelte') },
  ],
  commands: [
    { label: { en: 'Findings', de: 'Befunde' }, path: 'watch', words: 'drift alarm inbox posteingang supply chain' },
    {
      label: { en: 'Artifacts with findings', de: 'Artefakte mit Befunden' },
      path: 'watch/cases',
      words: 'cases fälle images abbilder severity schwere',
    },
    {
      label: { en: 'Sources', de: 'Quellen' },
      path: 'watch/sources',
      words: 'inventory inventar signers coverage blind',
    },
    {
      label: { en: 'Watch a source', de: 'Quelle bewachen' },
      path: 'watch/add',
      words: 'add image package hinzufügen abbild paket',
      roles: ['admin', 'manager'],
    },
    {
      label: { en: 'Expected signers', de: 'Erwartete Signierer' },
      path: 'watch/expected',
      words: 'announcements vouches ankündigungen bürgschaften withdraw',
    },
    { label: { en: 'Clusters', de: 'Cluster' }, path: 'watch/clusters', words: 'kubernetes containers running läuft' },
    {
      label: { en: 'Watch policy', de: 'Richtlinie der Wache' },
      path: 'watch/policy',
      words: 'rules regeln cosign kyverno notation pnpm import export',
    },
    { label: { en: 'Ask a gate', de: 'Gate fragen' }, path: 'watch/gates', words: 'verdict check vsa urteil prüfen' },
    {
      label: { en: 'Mail of findings', de: 'Post über Befunde' },
      path: 'watch/mail',
      words: 'notify notifications smtp benachrichtigen',
      roles: ['admin', 'manager'],
    },
  ],
  texts: { en: () => import('./texts.en.ts'), de: () => import('./texts.de.ts') },
};
