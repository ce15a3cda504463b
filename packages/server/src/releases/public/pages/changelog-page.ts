/** Every release that was in service, with what was written about it; those that were taken back say so. */
import type { LocaleMap } from '@signpost/protocol/updates/manifest';
import { html, raw } from 'hono/html';
import type { ReleaseRow } from '../../lifecycle/store.ts';
import type { ProjectRow } from '../../projects/store.ts';
import { renderMarkdown } from '../markdown.ts';
import { formatDay } from './amounts.ts';
import { type Html, nameOf, renderPage, type Visit, viewPath, withQuery } from './frame.ts';
import { type PickedText, pickText } from './language.ts';
import type { Texts } from './texts.en.ts';
import { textsOf } from './texts.ts';

/** What the page shows. */
export interface ChangelogPage {
  readonly project: ProjectRow;
  /** Newest first; each of them was in service. */
  readonly releases: readonly ReleaseRow[];
  /** Where the page begins; undefined: with the newest. */
  readonly before: string | undefined;
  /** Where the next page begins, if there is one. */
  readonly next: string | undefined;
}

/** The page. */
export function renderChangelogPage({ project, releases, before, next }: ChangelogPage, visit: Visit): Html {
  const { preference } = visit;
  const t = textsOf(preference.language);
  const heading = nameOf(project, preference);
  const path = viewPath(project.slug, 'changelog', { ...visit, preference: { ...preference, chosen: undefined } });
  const lang = preference.chosen;
  return renderPage(
    {
      title: `${t.changelog} – ${heading.text}`,
      heading,
      project: { slug: project.slug, view: 'changelog' },
      locales: listLocales(releases),
      body: html`<section class="sheet" aria-labelledby="changelog"><h2 id="changelog">${t.changelog}</h2>${
        releases.length === 0
          ? html`<p class="soft">${t.noReleases}</p>`
          : html`<ul class="rows">${releases.map((release) =>
              renderEntry(release, { visit, text: pickText(release.changelog, preference, project.primary_locale) }),
            )}</ul>`
      }${
        next === undefined && before === undefined
          ? ''
          : html`<p class="row">${before === undefined ? '' : html`<a href="${withQuery(path, { lang })}">${t.newestReleases}</a>`}
${next === undefined ? '' : html`<a href="${withQuery(path, { before: next, lang })}" rel="next">${t.olderReleases}</a>`}</p>`
      }</section>`,
    },
    visit,
  );
}

/** What became of a release that was in service; nothing where it was merely followed by another one. */
function standingOf({ state }: ReleaseRow, t: Texts) {
  switch (state) {
    case 'active':
      return { badge: html`<span class="badge good">${t.inService}</span>`, text: undefined };
    case 'superseded':
      return { badge: '', text: undefined };
    case 'quarantined':
      return { badge: html`<span class="badge bad">${t.quarantined}</span>`, text: t.quarantinedText };
    // A draft that was in service was withdrawn before it was brought back.
    case 'withdrawn':
    case 'draft':
      return { badge: html`<span class="badge attention">${t.withdrawn}</span>`, text: t.withdrawnText };
  }
}

/** What was written about a release that was taken back is taken back with it. */
function renderEntry(
  release: ReleaseRow,
  { visit, text }: { readonly visit: Visit; readonly text: PickedText | undefined },
): Html {
  const { language } = visit.preference;
  const t = textsOf(language);
  const standing = standingOf(release, t);
  const notes = text
    ? html`<div class="notes" lang="${text.locale}" dir="auto">${raw(renderMarkdown(text.text))}</div>`
    : html`<p class="soft">${t.noNotes}</p>`;
  return html`<li class="stack" id="${release.version}"><div class="row"><h3>${release.version}</h3><span class="badge">${release.channel}</span>${standing.badge}
<span class="soft">${formatDay(release.activated_at ?? release.created_at, language)}</span></div>${
    standing.text === undefined ? notes : html`<p>${standing.text}</p>`
  }</li>`;
}

function listLocales(releases: readonly ReleaseRow[]): readonly string[] {
  const locales = releases.flatMap(({ changelog }) => Object.keys(JSON.parse(changelog) as LocaleMap));
  return [...new Set(locales)].sort();
}
