/** The area `accounts`: oneself, the people, and the keys and certificates of programs. */
import type { Area } from '../../app/area.ts';

/** Its pages. */
export const accounts: Area = {
  name: 'accounts',
  navigation: { label: { en: 'Accounts', de: 'Konten' }, icon: 'accounts', path: 'accounts', key: 'u' },
  routes: [
    { path: 'accounts', title: { en: 'Your account', de: 'Ihr Konto' }, page: () => import('./Own.svelte') },
    {
      path: 'accounts/people',
      title: { en: 'People', de: 'Menschen' },
      page: () => import('./People.svelte'),
      roles: ['admin'],
    },
    {
      path: 'accounts/people/{person}',
      title: { en: 'Person', de: 'Mensch' },
      page: () => import('./PersonPage.svelte'),
      roles: ['admin'],
    },
    {
      path: 'accounts/keys',
      title: { en: 'API keys', de: 'API-Schlüssel' },
      page: () => import('./Keys.svelte'),
      roles: ['admin'],
    },
    {
      path: 'accounts/access',
      title: { en: 'Client certificates', de: 'Client-Zertifikate' },
      page: () => import('./Access.svelte'),
      roles: ['admin'],
    },
    {
      path: 'accounts/roles',
      title: { en: 'Who may do what', de: 'Wer was darf' },
      page: () => import('./Roles.svelte'),
    },
    {
      path: 'accounts/organisations',
      title: { en: 'Organisations', de: 'Organisationen' },
      page: () => import('./Organisations.svelte'),
      roles: ['admin'],
    },
  ],
  commands: [
    {
      label: { en: 'Your account', de: 'Ihr Konto' },
      path: 'accounts',
      words: 'password passwort totp passkey sessions sitzungen recovery codes profile profil',
    },
    {
      label: { en: 'People', de: 'Menschen' },
      path: 'accounts/people',
      words: 'users benutzer roles rollen second factor',
      roles: ['admin'],
    },
    {
      label: { en: 'API keys', de: 'API-Schlüssel' },
      path: 'accounts/keys',
      words: 'token ci',
      roles: ['admin'],
    },
    {
      label: { en: 'Client certificates', de: 'Client-Zertifikate' },
      path: 'accounts/access',
      words: 'mtls tls',
      roles: ['admin'],
    },
    {
      label: { en: 'Who may do what', de: 'Wer was darf' },
      path: 'accounts/roles',
      words: 'roles rollen rbac permissions rechte api',
    },
    {
      label: { en: 'Organisations', de: 'Organisationen' },
      path: 'accounts/organisations',
      words: 'tenants mandanten',
      roles: ['admin'],
    },
  ],
  texts: { en: () => import('./texts.en.ts'), de: () => import('./texts.de.ts') },
};
