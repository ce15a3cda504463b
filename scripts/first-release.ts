/**
 * Proves a release policy on the files of a release before it is trusted: the same files with one thing wrong must be refused, each for
 * that thing, and then the good ones must pass. Nothing is sent anywhere. Ends with 0 when all is so.
 *
 *   node scripts/first-release.ts FILE BUNDLE SBOM POLICY NAME=TRUSTED_ROOT
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';

interface Release {
  readonly file: string;
  readonly bundle: string;
  readonly sbom: string | undefined;
  readonly policy: string;
  readonly trustedRoot: string;
}

/** What is tried; `rule` is what must refuse it, undefined for what must pass. */
interface Trial {
  readonly name: string;
  readonly release: Release;
  readonly rule: string | undefined;
}

const top = join(import.meta.dirname, '..');
const [file, bundle, sbom, policy, trustedRoot] = process.argv.slice(2);
if (!file || !bundle || !sbom || !policy || !trustedRoot) {
  console.error('usage: node scripts/first-release.ts FILE BUNDLE SBOM POLICY NAME=TRUSTED_ROOT');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'signpost-first-release-'));
try {
  const trials = listTrials({ file, bundle, sbom, policy, trustedRoot });
  const failed = trials.filter((trial) => !runTrial(trial));
  console.log(
    failed.length === 0 ? 'The policy holds.' : `${failed.length} of ${trials.length} are not as they must be.`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function listTrials(good: Release): readonly Trial[] {
  return [
    { name: 'a tampered file', release: { ...good, file: tamper(good.file) }, rule: 'signature' },
    { name: 'another signature', release: { ...good, bundle: forge(good.bundle) }, rule: 'signature' },
    { name: 'a signer that nobody named', release: { ...good, policy: nameOthers(good.policy) }, rule: 'signature' },
    { name: 'no SBOM', release: { ...good, sbom: undefined }, rule: 'sbom' },
    { name: 'the release', release: good, rule: undefined },
  ];
}

function runTrial({ name, release, rule }: Trial): boolean {
  const { findings, result } = judge(release);
  const refused = findings.filter(({ outcome }) => outcome !== 'met').map((finding) => finding.rule);
  const isRight = rule === undefined ? result === 'passed' : result === 'denied' && refused.includes(rule);
  console.log(
    `${isRight ? 'ok  ' : 'FAIL'} ${name}: ${result}${refused.length > 0 ? ` by ${refused.join(', ')}` : ''}`,
  );
  return isRight;
}

interface Verdict {
  readonly result: string;
  readonly findings: readonly { readonly rule: string; readonly outcome: string }[];
}

function judge({ file, bundle, sbom, policy, trustedRoot }: Release): Verdict {
  const words = ['policy', 'test', policy, file, '--bundle', bundle, '--trusted-root', trustedRoot, '--json'];
  const flags = ['-C', '@signpost/source', '--disable-warning=ExperimentalWarning'];
  const main = join(top, 'packages/cli/src/main.ts');
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, main, ...words, ...(sbom === undefined ? [] : ['--sbom', sbom])],
    { encoding: 'utf8', timeout: 60_000, env: { HOME: folder } },
  );
  const verdict: Partial<Verdict> = stdout === '' ? {} : JSON.parse(stdout);
  if (verdict.result === undefined) throw new Error(`expected a verdict, got ${stdout}${stderr}`);
  return { result: verdict.result, findings: verdict.findings ?? [] };
}

/** The same name and one bit of another byte. */
function tamper(path: string): string {
  const bytes = readFileSync(path);
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  return write(path, bytes);
}

/** A signature of the right form over something else: its last octet but one is another. */
function forge(path: string): string {
  const document = JSON.parse(readFileSync(path, 'utf8'));
  const holder = document.messageSignature ?? document.dsseEnvelope?.signatures?.[0];
  const name = 'signature' in holder ? 'signature' : 'sig';
  const bytes = Buffer.from(holder[name], 'base64');
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 2) ^ 1, bytes.length - 2);
  holder[name] = bytes.toString('base64');
  return write(path, JSON.stringify(document));
}

/** The policy with every issuer exchanged: nobody's certificates say that one. */
function nameOthers(path: string): string {
  const text = readFileSync(path, 'utf8');
  const other = text.replaceAll(/(issuer: *)\S+/g, '$1https://issuer.invalid');
  if (other === text) throw new Error(`expected issuers in ${path}`);
  return write(path, other);
}

function write(path: string, content: string | Uint8Array): string {
  const place = join(mkdtempSync(join(folder, 'trial-')), basename(path));
  writeFileSync(place, content);
  return place;
}
