/** The order of Python's versions (PEP 440, and the PyPA's specification of version specifiers that took its place). */

/** A Python version, taken apart; what is absent is `undefined`. */
export interface PythonVersion {
  readonly epoch: bigint;
  /** Without trailing zeros: `1.0` and `1.0.0` are the same. */
  readonly release: readonly bigint[];
  readonly pre: readonly [phase: 'a' | 'b' | 'rc', number: bigint] | undefined;
  readonly post: bigint | undefined;
  readonly dev: bigint | undefined;
  readonly local: readonly (bigint | string)[];
}

// Appendix B of PEP 440, its names of phases and separators.
const versionPattern =
  /^v?(?:(?<epoch>\d+)!)?(?<release>\d+(?:\.\d+)*)(?:[-_.]?(?<phase>alpha|beta|preview|pre|a|b|c|rc)[-_.]?(?<pre>\d*))?(?:-(?<bare>\d+)|(?<post>[-_.]?(?:post|rev|r)[-_.]?)(?<postNumber>\d*))?(?<dev>[-_.]?dev[-_.]?(?<devNumber>\d*))?(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/;

/** `text` as a Python version; `undefined`: it is none, or longer than 256 characters. */
export function parsePythonVersion(text: string): PythonVersion | undefined {
  if (text.length > 256) return undefined;
  const parts = versionPattern.exec(text.trim().toLowerCase())?.groups;
  if (!parts) return undefined;
  const { epoch, phase, pre, bare, post, postNumber, dev, devNumber } = parts;
  return {
    epoch: BigInt(epoch ?? 0),
    release: parseRelease(parts.release ?? ''),
    pre: phase === undefined ? undefined : [parsePhase(phase), BigInt(pre || 0)],
    post: bare !== undefined ? BigInt(bare) : post === undefined ? undefined : BigInt(postNumber || 0),
    dev: dev === undefined ? undefined : BigInt(devNumber || 0),
    local: parseLocal(parts.local),
  };
}

function parseRelease(text: string): readonly bigint[] {
  const numbers = text.split('.').map(BigInt);
  while (numbers.at(-1) === 0n) numbers.pop();
  return numbers;
}

function parsePhase(text: string): 'a' | 'b' | 'rc' {
  if (text === 'a' || text === 'alpha') return 'a';
  return text === 'b' || text === 'beta' ? 'b' : 'rc';
}

function parseLocal(text: string | undefined): readonly (bigint | string)[] {
  return text?.split(/[-_.]/).map((part) => (/^\d+$/.test(part) ? BigInt(part) : part)) ?? [];
}

/** Negative when `left` comes before `right`. */
export function comparePythonVersions(left: PythonVersion, right: PythonVersion): number {
  return (
    compare(left.epoch, right.epoch) ||
    compareRelease(left.release, right.release) ||
    comparePre(left, right) ||
    comparePost(left.post, right.post) ||
    compareDev(left.dev, right.dev) ||
    compareLocal(left.local, right.local)
  );
}

function compare<T extends bigint | string>(left: T, right: T): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

function compareRelease(left: readonly bigint[], right: readonly bigint[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = compare(left[index] ?? 0n, right[index] ?? 0n);
    if (order !== 0) return order;
  }
  return 0;
}

/** `1.0.dev1` comes before `1.0a1`, which comes before `1.0`: without a phase, only a development release comes first. */
function comparePre(left: PythonVersion, right: PythonVersion): number {
  const order = rankPre(left) - rankPre(right);
  if (order !== 0 || !left.pre || !right.pre) return order;
  return compare(left.pre[0], right.pre[0]) || compare(left.pre[1], right.pre[1]);
}

function rankPre({ pre, post, dev }: PythonVersion): number {
  if (pre) return 1;
  return post === undefined && dev !== undefined ? 0 : 2;
}

function comparePost(left: bigint | undefined, right: bigint | undefined): number {
  return compare(left ?? -1n, right ?? -1n);
}

function compareDev(left: bigint | undefined, right: bigint | undefined): number {
  if (left === undefined || right === undefined) return Number(right !== undefined) - Number(left !== undefined);
  return compare(left, right);
}

/** Numbers come after words, and more parts after fewer. */
function compareLocal(left: readonly (bigint | string)[], right: readonly (bigint | string)[]): number {
  for (const [index, part] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = compareLocalPart(part, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareLocalPart(left: bigint | string, right: bigint | string): number {
  if (typeof left === 'bigint') return typeof right === 'bigint' ? compare(left, right) : 1;
  return typeof right === 'bigint' ? -1 : compare(left, right);
}
