/** The area `certificates`: what authorities here have issued, and the authorities themselves. */
import type { Area } from '../../app/area.ts';

/** Its pages. */
export const certificates: Area = {
  name: 'certificates',
  navigation: {
    label: { en: 'Certificates', de: 'Zertifikate' },
    icon: 'certificates',
    path: 'certificates',
    key: 'c',
  },
  routes: [
    {
      path: 'certificates',
      title: { en: 'Certificates', de: 'Zertifikate' },
      page: () => import('./Certificates.svelte'),
    },
    {
      path: 'certificates/{id}',
      title: { en: 'Certificate', de: 'Zertifikat' },
      page: () => import('./Certificate.svelte'),
    },
    {
      path: 'certificates/issue',
      title: { en: 'Issue a certificate', de: 'Zertifikat ausstellen' },
      page: () => import('./Issue.svelte'),
      roles: ['admin', 'manager'],
    },
    {
      path: 'certificates/expiring',
      title: { en: 'Expiring certificates', de: 'Ablaufende Zertifikate' },
      page: () => import('./Expiring.svelte'),
    },
    {
      path: 'certificates/authorities',
      title: { en: 'Authorities', de: 'Zertifizierungsstellen' },
      page: () => import('./Authorities.svelte'),
    },
    {
      path: 'certificates/authorities/import',
      title: { en: 'Bring an authority here', de: 'Stelle einspielen' },
      page: () => import('./ImportAuthority.svelte'),
      roles: ['admin'],
    },
    {
      path: 'certificates/authorities/{authority}',
      title: { en: 'Authority', de: 'Zertifizierungsstelle' },
      page: () => import('./Authority.svelte'),
    },
    {
      path: 'certificates/rules',
      title: { en: 'Rules for certificates', de: 'Regeln für Zertifikate' },
      page: () => import('./Rules.svelte'),
    },
    {
      path: 'certificates/check',
      title: { en: 'Consistency', de: 'Stimmigkeit' },
      page: () => import('./Consistency.svelte'),
      roles: ['admin', 'manager'],
    },
    { path: 'certificates/acme', title: { en: 'ACME', de: 'ACME' }, page: () => import('./Directories.svelte') },
    {
      path: 'certificates/acme/{directory}',
      title: { en: 'ACME directory', de: 'ACME-Verzeichnis' },
      page: () => import('./Directory.svelte'),
    },
  ],
  commands: [
    {
      label: { en: 'Issue a certificate', de: 'Zertifikat ausstellen' },
      path: 'certificates/issue',
      words: 'csr request antrag tls x509',
      roles: ['admin', 'manager'],
    },
    { label: { en: 'Expiring certificates', de: 'Ablaufende Zertifikate' }, path: 'certificates/expiring' },
    {
      label: { en: 'Authorities', de: 'Zertifizierungsstellen' },
      path: 'certificates/authorities',
      words: 'ca pki crl ocsp',
    },
    {
      label: { en: 'Bring an authority here', de: 'Stelle einspielen' },
      path: 'certificates/authorities/import',
      words: 'import ca pkcs12 p12 pem offline root wurzel',
      roles: ['admin'],
    },
    {
      label: { en: 'Check certificates', de: 'Zertifikate prüfen' },
      path: 'certificates/check',
      words: 'consistency repair database stimmigkeit reparieren',
      roles: ['admin', 'manager'],
    },
    {
      label: { en: 'Rules for certificates', de: 'Regeln für Zertifikate' },
      path: 'certificates/rules',
      words: 'profiles names profile namen',
    },
    { label: { en: 'ACME', de: 'ACME' }, path: 'certificates/acme', words: 'certbot lego eab accounts orders' },
  ],
  texts: { en: () => import('./texts.en.ts'), de: () => import('./texts.de.ts') },
};
