/** Markdown to HTML that may stand in any page: no raw HTML, no images, links to the web only. */
import { loadMarkdownIt } from '../../packages-by-need.ts';

let renderer: ReturnType<typeof createRenderer> | undefined;

/** The HTML of `text`; raw HTML in it comes out as text. U+2028 and U+2029, which cannot be signed, become spaces. */
export function renderMarkdown(text: string): string {
  renderer ??= createRenderer();
  return renderer
    .render(text.toWellFormed())
    .replaceAll(/[\u2028\u2029]/g, ' ')
    .trim();
}

function createRenderer() {
  const Markdown = loadMarkdownIt();
  const markdown = new Markdown({ html: false, linkify: false, typographer: false }).disable(['image']);
  markdown.validateLink = (url) => /^(?:https?:|mailto:)/i.test(url.trim());
  return markdown;
}
