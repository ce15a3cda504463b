/** The area `push`: channels and their signed frames, the key behind them, and webhooks. */
import type { Area } from '../../app/area.ts';

/** Its pages. */
export const push: Area = {
  name: 'push',
  navigation: { label: { en: 'Push', de: 'Push' }, icon: 'push', path: 'push', key: 'p' },
  routes: [
    { path: 'push', title: { en: 'Channels', de: 'Kanäle' }, page: () => import('./Channels.svelte') },
    {
      path: 'push/webhooks',
      title: { en: 'Webhooks', de: 'Webhooks' },
      page: () => import('./Webhooks.svelte'),
      roles: ['admin', 'manager'],
    },
    {
      path: 'push/webhooks/{webhook}',
      title: { en: 'Webhook', de: 'Webhook' },
      page: () => import('./Webhook.svelte'),
      roles: ['admin', 'manager'],
    },
  ],
  commands: [
    {
      label: { en: 'Channels and live frames', de: 'Kanäle und Frames' },
      path: 'push',
      words: 'listeners zuhörer events ereignisse identity',
    },
    {
      label: { en: 'Webhooks', de: 'Webhooks' },
      path: 'push/webhooks',
      words: 'deliveries zustellungen replay',
      roles: ['admin', 'manager'],
    },
  ],
  texts: { en: () => import('./texts.en.ts'), de: () => import('./texts.de.ts') },
};
