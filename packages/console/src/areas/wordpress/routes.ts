/** The area `wordpress`: plugins, what they say of themselves, what tools found in them, and their way to the repository. */
import type { Area } from '../../app/area.ts';

/** Its pages. */
export const wordpress: Area = {
  name: 'wordpress',
  navigation: { label: { en: 'WordPress', de: 'WordPress' }, icon: 'wordpress', path: 'wordpress', key: 'w' },
  routes: [
    {
      path: 'wordpress',
      title: { en: 'WordPress plugins', de: 'WordPress-Plugins' },
      page: () => import('./Plugins.svelte'),
    },
    { path: 'wordpress/{project}', title: { en: 'Plugin', de: 'Plugin' }, page: () => import('./Plugin.svelte') },
    {
      path: 'wordpress/{project}/assets',
      title: { en: 'Pictures of the plugin', de: 'Bilder des Plugins' },
      page: () => import('./Assets.svelte'),
    },
    {
      path: 'wordpress/{project}/settings',
      title: { en: 'Repository and gates', de: 'Repository und Schranken' },
      page: () => import('./Settings.svelte'),
    },
    {
      path: 'wordpress/{project}/deploys/{deploy}',
      title: { en: 'Deploy', de: 'Auslieferung' },
      page: () => import('./Deploy.svelte'),
    },
  ],
  commands: [
    {
      label: { en: 'WordPress plugins', de: 'WordPress-Plugins' },
      path: 'wordpress',
      words: 'deploy preflight svn readme ausliefern prüfung',
    },
  ],
  texts: { en: () => import('./texts.en.ts'), de: () => import('./texts.de.ts') },
};
