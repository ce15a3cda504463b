/** The area `modules`: collections, their modules, what authors hand in, and who they are. */
import type { Area } from '../../app/area.ts';

/** Its pages. */
export const modules: Area = {
  name: 'modules',
  navigation: { label: { en: 'Modules', de: 'Module' }, icon: 'modules', path: 'modules', key: 'm' },
  routes: [
    { path: 'modules', title: { en: 'Collections', de: 'Sammlungen' }, page: () => import('./Collections.svelte') },
    {
      path: 'modules/{collection}',
      title: { en: 'Collection', de: 'Sammlung' },
      page: () => import('./Collection.svelte'),
    },
    {
      path: 'modules/{collection}/modules/{module}',
      title: { en: 'Module', de: 'Modul' },
      page: () => import('./Module.svelte'),
    },
    {
      path: 'modules/{collection}/submissions',
      title: { en: 'Submissions', de: 'Einreichungen' },
      page: () => import('./Submissions.svelte'),
    },
    {
      path: 'modules/{collection}/submissions/{submission}',
      title: { en: 'Submission', de: 'Einreichung' },
      page: () => import('./Submission.svelte'),
    },
    {
      path: 'modules/{collection}/settings',
      title: { en: 'Settings of the collection', de: 'Einstellungen der Sammlung' },
      page: () => import('./CollectionSettings.svelte'),
    },
    {
      path: 'modules/{collection}/authors',
      title: { en: 'Authors', de: 'Autoren' },
      page: () => import('./Authors.svelte'),
    },
  ],
  commands: [
    {
      label: { en: 'Module collections', de: 'Modulsammlungen' },
      path: 'modules',
      words: 'catalogue katalog addons submissions einreichungen authors autoren',
    },
  ],
  texts: { en: () => import('./texts.en.ts'), de: () => import('./texts.de.ts') },
};
