/** Markdown to HTML that may stand in any page: no raw HTML, no images, links to the web only. */
import MarkdownIt from 'markdown-it';

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false }).disable(['image']);
markdown.validateLink = (url) => /^(?:https?:|mailto:)/i.test(url.trim());

/** The HTML of `text`; raw HTML in it comes out as text. U+2028 and U+2029, which cannot be signed, become spaces. */
export function renderMarkdown(text: string): string {
  return markdown
    .render(text.toWellFormed())
    .replaceAll(/[\u2028\u2029]/g, ' ')
    .trim();
}
