/** Finds the page for a path, and loads it together with the texts of its area. */
import type { Component } from 'svelte';
import type { Area, PageProps, PageRoute } from '../app/area.ts';
import { matchPath, type Parameters } from '../app/routes.ts';
import { loadTexts } from '../language/language.svelte.ts';

/** A page of an area, and what the path says to it. */
export interface FoundPage {
  readonly area: Area;
  readonly route: PageRoute;
  readonly params: Parameters;
}

/** The page at `path`; undefined when there is none. A path without names goes before one with. */
export function findPage(areas: readonly Area[], path: string): FoundPage | undefined {
  const found = areas.flatMap((area) =>
    area.routes.flatMap((route) => {
      const params = matchPath(route.path, path);
      return params ? [{ area, route, params }] : [];
    }),
  );
  return found.sort((one, other) => Object.keys(one.params).length - Object.keys(other.params).length)[0];
}

/** Its component, with the texts that it says. */
export async function loadPage({ area, route }: FoundPage): Promise<Component<PageProps>> {
  const [page] = await Promise.all([route.page(), area.texts && loadTexts(area.name, area.texts)]);
  // One that asks for nothing is given the parameters all the same.
  return page.default as Component<PageProps>;
}
