/** The area `overview`: how everything is, what needs a person, what happens. */
import type { Area } from '../../app/area.ts';

/** Its pages. */
export const overview: Area = {
  name: 'overview',
  navigation: { label: { en: 'Overview', de: 'Übersicht' }, icon: 'overview', path: '', key: 'o' },
  routes: [{ path: '', title: { en: 'Overview', de: 'Übersicht' }, page: () => import('./Overview.svelte') }],
  texts: { en: () => import('./texts.en.ts'), de: () => import('./texts.de.ts') },
};
