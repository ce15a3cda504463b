/** The area `trust`: roots, the trust list in force and those before it, and the server's signing keys. */
import type { Area } from '../../app/area.ts';

/** Its pages. */
export const trust: Area = {
  name: 'trust',
  navigation: { label: { en: 'Trust', de: 'Vertrauen' }, icon: 'trust', path: 'trust', key: 't' },
  routes: [
    { path: 'trust', title: { en: 'Trust', de: 'Vertrauen' }, page: () => import('./Trust.svelte') },
    {
      path: 'trust/keys',
      title: { en: 'Signing keys', de: 'Signierschlüssel' },
      page: () => import('./Keys.svelte'),
    },
    {
      path: 'trust/keys/{key}',
      title: { en: 'Signing key', de: 'Signierschlüssel' },
      page: () => import('./Key.svelte'),
    },
    {
      path: 'trust/history',
      title: { en: 'Trust lists so far', de: 'Bisherige Vertrauenslisten' },
      page: () => import('./History.svelte'),
    },
    {
      path: 'trust/log',
      title: { en: 'Transparency log', de: 'Transparenzprotokoll' },
      page: () => import('./Log.svelte'),
    },
    {
      path: 'trust/log/{entry}',
      title: { en: 'Entry of the log', de: 'Eintrag im Protokoll' },
      page: () => import('./LogEntry.svelte'),
    },
    {
      path: 'trust/import',
      title: { en: 'Import a trust list', de: 'Vertrauensliste einspielen' },
      page: () => import('./Import.svelte'),
      roles: ['admin'],
    },
  ],
  commands: [
    { label: { en: 'Signing keys', de: 'Signierschlüssel' }, path: 'trust/keys', words: 'revoke widerrufen activate' },
    { label: { en: 'Trust lists so far', de: 'Bisherige Vertrauenslisten' }, path: 'trust/history', words: 'versions' },
    {
      label: { en: 'Transparency log', de: 'Transparenzprotokoll' },
      path: 'trust/log',
      words: 'tlog merkle checkpoint entries einträge',
    },
    {
      label: { en: 'Import a trust list', de: 'Vertrauensliste einspielen' },
      path: 'trust/import',
      words: 'root offline sign signieren',
      roles: ['admin'],
    },
  ],
  texts: { en: () => import('./texts.en.ts'), de: () => import('./texts.de.ts') },
};
