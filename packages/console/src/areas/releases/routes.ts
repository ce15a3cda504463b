/** The area `releases`: projects, their releases, and what stands in one. */
import type { Area } from '../../app/area.ts';

/** Its pages. */
export const releases: Area = {
  name: 'releases',
  navigation: { label: { en: 'Releases', de: 'Releases' }, icon: 'releases', path: 'releases', key: 'r' },
  routes: [
    { path: 'releases', title: { en: 'Projects', de: 'Projekte' }, page: () => import('./Projects.svelte') },
    { path: 'releases/{project}', title: { en: 'Project', de: 'Projekt' }, page: () => import('./Project.svelte') },
    {
      path: 'releases/{project}/{version}',
      title: { en: 'Release', de: 'Release' },
      page: () => import('./Release.svelte'),
    },
  ],
  commands: [{ label: { en: 'Projects', de: 'Projekte' }, path: 'releases', words: 'versions versionen uploads' }],
  texts: { en: () => import('./texts.en.ts'), de: () => import('./texts.de.ts') },
};
