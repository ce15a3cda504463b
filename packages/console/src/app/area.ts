/** What an area of the console is: its pages, its place in the navigation, its commands and its texts. */
import type { Component } from 'svelte';
import type { Catalogue } from '../language/language.svelte.ts';
import type { Named } from '../language/message.ts';
import type { Parameters } from './routes.ts';
import type { Role } from './session.svelte.ts';

/** What every page is given. */
export interface PageProps {
  /** From the path: `releases/{project}` gives `project`. */
  readonly params: Parameters;
}

/** A page and where it stands. */
export interface PageRoute {
  /** Below `/console/`: `releases/{project}`. */
  readonly path: string;
  /** The title of the window; the page's own heading says more. */
  readonly title: Named;
  /** Loaded when somebody goes there. */
  readonly page: () => Promise<{ readonly default: Component<PageProps> | Component<Record<string, never>> }>;
  /** Who is shown it; absent: everybody who is signed in. The server decides again. */
  readonly roles?: readonly Role[];
  /** It concerns the whole server, and is there in the default organisation alone. */
  readonly serverWide?: true;
}

/** Icons of the navigation. */
type AreaIcon =
  | 'setup'
  | 'overview'
  | 'releases'
  | 'modules'
  | 'wordpress'
  | 'trust'
  | 'certificates'
  | 'evidence'
  | 'watch'
  | 'push'
  | 'accounts'
  | 'system';

/** An area's place in the navigation. */
interface NavigationEntry {
  readonly label: Named;
  readonly icon: AreaIcon;
  /** A path without parameters. */
  readonly path: string;
  /** Pressed after `g`: one lower-case letter, of this area alone. */
  readonly key: string;
  readonly roles?: readonly Role[];
}

/** An entry of the command palette: a place to go. */
export interface Command {
  readonly label: Named;
  /** Below `/console/`, with a query if need be. */
  readonly path: string;
  /** Other words by which people may look for it, in any language. */
  readonly words?: string;
  readonly roles?: readonly Role[];
  /** As that of the page it leads to. */
  readonly serverWide?: true;
}

/** An area. Without routes it is not there yet, and nothing speaks of it. */
export interface Area {
  readonly name: AreaIcon;
  readonly navigation?: NavigationEntry;
  readonly routes: readonly PageRoute[];
  readonly commands?: readonly Command[];
  readonly texts?: Catalogue<Readonly<Record<string, string>>>;
}
