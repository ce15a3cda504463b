/** Shell patterns over target paths (TUF 1.0.34, 4.5): `*` and `?`, neither of which crosses a slash. */

/** Whether `path` matches `pattern`, in at most as many steps as their lengths multiplied. */
export function isPathMatch(pattern: string, path: string): boolean {
  const patterns = pattern.split('/');
  const segments = path.split('/');
  return (
    patterns.length === segments.length && patterns.every((one, index) => isSegmentMatch(one, segments[index] ?? ''))
  );
}

/** The last star takes one character more whenever what follows it does not fit: earlier stars never have to. */
function isSegmentMatch(pattern: string, segment: string): boolean {
  const wanted = [...pattern];
  const given = [...segment];
  let at = 0;
  let star = -1;
  let taken = 0;
  for (let index = 0; index < given.length; ) {
    if (wanted[at] === '*') {
      star = at++;
      taken = index;
    } else if (wanted[at] === '?' || wanted[at] === given[index]) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++taken;
    } else return false;
  }
  return wanted.slice(at).every((character) => character === '*');
}
