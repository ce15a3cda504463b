/** Where the next page is (RFC 8288; OCI Distribution 1.1, "Content Discovery"). */

const maxCharacters = 8192;

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const quoted = '"(?:[^"\\\\]|\\\\.)*"';
const targetPattern = /[ \t,]*<([^<>]*)>/y;
const parameterPattern = new RegExp(`[ \\t]*;[ \\t]*(${token})(?:[ \\t]*=[ \\t]*(${token}|${quoted}))?`, 'y');
const endPattern = /[ \t]*(?:,|$)/y;

/** The target of the first link whose relation is `next`, as it stands. `undefined`: there is none, or the text is no Link. */
export function findNextLink(text: string): string | undefined {
  if (text.length > maxCharacters) return undefined;
  for (let at = 0; at < text.length; ) {
    const target = matchAt(targetPattern, text, at);
    if (!target) return undefined;
    at += target[0].length;
    let relation: string | undefined;
    for (let match = matchAt(parameterPattern, text, at); match; match = matchAt(parameterPattern, text, at)) {
      const [whole, name = '', value = ''] = match;
      if (name.toLowerCase() === 'rel') relation ??= value.replace(/^"(.*)"$/s, '$1');
      at += whole.length;
    }
    const end = matchAt(endPattern, text, at);
    if (!end) return undefined;
    if (
      relation
        ?.toLowerCase()
        .split(/[ \t]+/)
        .includes('next')
    )
      return target[1];
    at += Math.max(end[0].length, 1);
  }
  return undefined;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
