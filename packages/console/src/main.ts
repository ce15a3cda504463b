/** Starts the console: language and theme first, then whoever is signed in, then the shell. */
import { mount } from 'svelte';
import { followLinks } from './app/location.svelte.ts';
import { openTheme } from './app/theme.svelte.ts';
import { loadTexts, openLanguage } from './language/language.svelte.ts';
import Shell from './shell/Shell.svelte';

const target = document.querySelector('#console');
if (!target) throw new Error('expected the page of the console');
openTheme();
openLanguage();
followLinks();
await loadTexts('console', {
  en: () => import('./language/texts.en.ts'),
  de: () => import('./language/texts.de.ts'),
});
mount(Shell, { target });
