/** The area `setup`: the way from an empty server to the first verified release. */
import type { Area } from '../../app/area.ts';

/** Its pages. */
export const setup: Area = {
  name: 'setup',
  navigation: { label: { en: 'Set up', de: 'Einrichten' }, icon: 'setup', path: 'setup', key: 's', roles: ['admin'] },
  routes: [
    {
      path: 'setup',
      title: { en: 'Set up', de: 'Einrichten' },
      page: () => import('./Setup.svelte'),
      roles: ['admin'],
    },
  ],
  texts: { en: () => import('./texts.en.ts'), de: () => import('./texts.de.ts') },
};
