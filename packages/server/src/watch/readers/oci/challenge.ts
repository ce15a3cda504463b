/** How a registry wants to be asked: the challenges of a 401 (RFC 9110, 11.3 and 11.6.1). */

/** One challenge. */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case; the first of a name counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

const maxCharacters = 8192;

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const quoted = '"(?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
const schemePattern = new RegExp(`(${token})(?: +|(?=,|$))`, 'y');
const parameterPattern = new RegExp(`(${token})[ \\t]*=[ \\t]*(${token}|${quoted})[ \\t]*(?=,|$)`, 'y');
const credentialPattern = /[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|$)/y;
const separatorPattern = /[ \t,]*/y;

/** All challenges of a WWW-Authenticate, in order. `undefined`: it is none. */
export function parseChallenges(text: string): readonly Challenge[] | undefined {
  if (text.length > maxCharacters) return undefined;
  const challenges: Challenge[] = [];
  let at = skip(text, 0);
  while (at < text.length) {
    const scheme = matchAt(schemePattern, text, at);
    if (!scheme) return undefined;
    const parameters = new Map<string, string>();
    at = readParameters(text, at + scheme[0].length, parameters);
    challenges.push({ scheme: (scheme[1] ?? '').toLowerCase(), parameters });
  }
  return challenges;
}

/** Reads parameters, or a token68, until another scheme begins; returns where. */
function readParameters(text: string, from: number, parameters: Map<string, string>): number {
  let at = from;
  for (let match = matchAt(parameterPattern, text, at); match; match = matchAt(parameterPattern, text, at)) {
    const [whole, name = '', value = ''] = match;
    if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), unquote(value));
    at = skip(text, at + whole.length);
  }
  const credential = at === from ? matchAt(credentialPattern, text, at) : undefined;
  return skip(text, at + (credential?.[0].length ?? 0));
}

function unquote(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/gs, '$1') : value;
}

function skip(text: string, at: number): number {
  return at + (matchAt(separatorPattern, text, at)?.[0].length ?? 0);
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
