/** What an organisation publishes: its projects by name, a page of them at a time. */
import { html } from 'hono/html';
import { type Html, nameOf, renderPage, type Visit, viewPath, withQuery } from './frame.ts';
import { pickText } from './language.ts';
import type { ListedProject } from './store.ts';
import { textsOf } from './texts.ts';

/** What the page shows. */
export interface ProjectList {
  readonly projects: readonly ListedProject[];
  /** Where the page begins; undefined: at the beginning. */
  readonly after: string | undefined;
  /** Where the next page begins, if there is one. */
  readonly next: string | undefined;
}

/** The page. */
export function renderProjectList({ projects, after, next }: ProjectList, visit: Visit): Html {
  const { organisation, prefix, preference } = visit;
  const t = textsOf(preference.language);
  const lang = preference.chosen;
  const title = t.projectsOf(organisation);
  return renderPage(
    {
      title,
      heading: { text: title, locale: preference.language },
      body: html`<section class="sheet" aria-labelledby="projects"><h2 id="projects">${t.projects}</h2>${
        projects.length === 0
          ? html`<p>${t.noProjects}</p><p class="soft">${t.noProjectsHint}</p>`
          : html`<ul class="rows">${projects.map((project) => renderProject(project, visit))}</ul>`
      }${
        next === undefined && after === undefined
          ? ''
          : html`<p class="row">${after === undefined ? '' : html`<a href="${withQuery(`${prefix}/info`, { lang })}">${t.firstProjects}</a>`}
${next === undefined ? '' : html`<a href="${withQuery(`${prefix}/info`, { after: next, lang })}" rel="next">${t.moreProjects}</a>`}</p>`
      }</section>`,
    },
    visit,
  );
}

function renderProject(project: ListedProject, visit: Visit): Html {
  const { preference } = visit;
  const t = textsOf(preference.language);
  const name = nameOf(project, preference);
  const lead = pickText(project.description, preference, project.primary_locale);
  const { version } = project;
  return html`<li class="stack"><div class="row"><h3><a href="${viewPath(project.slug, 'info', visit)}" lang="${name.locale}"><bdi>${name.text}</bdi></a></h3>
<span class="soft">${version === null ? t.nothingInService : t.latestVersion(version)}</span></div>${
    lead ? html`<p class="soft" lang="${lead.locale}" dir="auto">${lead.text}</p>` : ''
  }</li>`;
}
