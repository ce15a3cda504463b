/** The area `system`: how the server is, what was done on it, and how it is kept. */
import type { Area } from '../../app/area.ts';

/** Its pages. */
export const system: Area = {
  name: 'system',
  navigation: { label: { en: 'System', de: 'System' }, icon: 'system', path: 'system', key: 'y', roles: ['admin'] },
  routes: [
    {
      path: 'system',
      title: { en: 'Health', de: 'Zustand' },
      page: () => import('./Health.svelte'),
      roles: ['admin'],
    },
    {
      path: 'system/audit',
      title: { en: 'Audit log', de: 'Protokoll' },
      page: () => import('./Audit.svelte'),
      roles: ['admin'],
    },
    {
      path: 'system/backups',
      title: { en: 'Backups', de: 'Sicherungen' },
      page: () => import('./Backups.svelte'),
      roles: ['admin'],
      serverWide: true,
    },
    {
      path: 'system/settings',
      title: { en: 'Settings', de: 'Einstellungen' },
      page: () => import('./Settings.svelte'),
      roles: ['admin'],
      serverWide: true,
    },
    {
      path: 'system/reset',
      title: { en: 'A new vault', de: 'Ein neuer Tresor' },
      page: () => import('./Reset.svelte'),
      roles: ['admin'],
      serverWide: true,
    },
  ],
  commands: [
    {
      label: { en: 'Health of the server', de: 'Zustand des Servers' },
      path: 'system',
      words: 'doctor vault tresor lock',
      roles: ['admin'],
    },
    {
      label: { en: 'Audit log', de: 'Protokoll' },
      path: 'system/audit',
      words: 'history chain kette export',
      roles: ['admin'],
    },
    {
      label: { en: 'Backups and restore', de: 'Sicherung und Wiederherstellung' },
      path: 'system/backups',
      roles: ['admin'],
      serverWide: true,
    },
    {
      label: { en: 'Settings of the server', de: 'Einstellungen des Servers' },
      path: 'system/settings',
      words: 'configuration konfiguration environment umgebung variables',
      roles: ['admin'],
      serverWide: true,
    },
    {
      label: { en: 'Master password lost', de: 'Hauptpasswort verloren' },
      path: 'system/reset',
      words: 'vault tresor reset zurücksetzen',
      roles: ['admin'],
      serverWide: true,
    },
  ],
  texts: { en: () => import('./texts.en.ts'), de: () => import('./texts.de.ts') },
};
