/** `signpost fetch`: verified download of anything, from anywhere. */
import { basename } from 'node:path';
import { TrustError } from '@signpost/protocol/errors';
import {
  assertFresh,
  type EvidenceVerifier,
  type Fetched,
  fetchVerified,
  verifyFetched,
} from '@signpost/protocol/fetching/fetch-verified';
import { parseLocation } from '@signpost/protocol/fetching/location';
import { encodeTime } from '@signpost/protocol/json/time';
import { type CommandSpec, type Invocation, type Options, readArgument } from '../../command.ts';
import { createFetchVerifier } from '../../evidence/fetch-verifier.ts';
import { refuseUnverified } from '../../evidence/refusal.ts';
import { readRegistryCredentials } from '../../evidence/registry-config.ts';
import { readRequiredSigner, signerOptions } from '../../evidence/required-signer.ts';
import { chooseTrustedRoot, trustedRootOptions } from '../../evidence/trusted-root-source.ts';
import { installFile, installFolder, type VerifiedFile } from '../../fetching/install.ts';
import { openSourceFolder, type SourceFolder } from '../../fetching/source-folder.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatSize } from '../../terminal/table.ts';

const dayMs = 86_400_000;
const gibibyte = 1024 ** 3;

/** `signpost fetch`. */
export const fetchCommand: CommandSpec = {
  words: 'fetch',
  arguments: '<url>',
  summary: 'Download something from anywhere, and install it only when its evidence holds',
  details: [
    'The URL is https://… (a release page of a forge, a mirror) or oci://host/repository@sha256:HEX (with --platform when it is an index). The bundle is looked for beside the file, as URL.sigstore.json and URL.bundle, or among the referrers of the registry. Say whose signature counts and under which trusted root as for `signpost verify`.',
    'What was seen of a source is kept: a lower version or an older signature is refused later. Name the source by --source when its URL changes with each version. --allow-older takes an older one on purpose; the reason is kept with the state.',
    'Whatever fails, the installed file or folder is the old one. --extract unpacks tar.gz and ZIP: links, devices and names that lead elsewhere are refused.',
  ],
  options: [
    ...signerOptions,
    ...trustedRootOptions,
    { flags: '--bundle <url>', text: 'where the bundle is' },
    { flags: '--manifest <url>', text: 'a signed capsule manifest that names the digest of the file' },
    { flags: '--target <triple>', text: 'the target in that manifest' },
    { flags: '--title <name>', text: 'the layer, when a manifest of a registry has several' },
    { flags: '--platform <os/architecture>', text: 'the platform, when a registry has an index of several' },
    {
      flags: '--registry-config <file>',
      text: 'name and password for a private registry: config.json of Docker, auth.json of Podman',
    },
    { flags: '--out <file>', text: "install as this file; the URL's own name when left out" },
    { flags: '--extract <folder>', text: 'unpack, and make the folder a link to what was unpacked' },
    { flags: '--max-bytes <n>', text: 'refuse more than this', fallback: String(gibibyte) },
    {
      flags: '--max-unpacked-bytes <n>',
      text: 'refuse more than this inside of an archive',
      fallback: String(8 * gibibyte),
    },
    { flags: '--max-age-days <days>', text: 'refuse what was signed longer ago' },
    { flags: '--source <name>', text: 'under which name versions and times are remembered; the URL when left out' },
    { flags: '--allow-older <reason>', text: 'take an older release than was seen, and record why' },
    { flags: '--offline', text: 'install what was fetched before, verified again, without a request' },
  ],
  examples: [
    'signpost fetch https://github.com/acme/app/releases/download/v1.0.0/app.tar.gz --policy signers.yaml --trusted-root trusted_root.json --source acme-app --extract /opt/app',
    'signpost fetch https://dl.example.org/app-linux --manifest https://dl.example.org/capsule-manifest.json --target x86_64-unknown-linux-gnu --policy signers.yaml --trusted-root trusted_root.json --out app',
    'signpost fetch oci://ghcr.io/acme/app@sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 --policy policy.yaml --trusted-root trusted_root.json --out app.tar.gz',
  ],
  run: refuseUnverified(fetchAndInstall),
};

async function fetchAndInstall(invocation: Invocation): Promise<Answer> {
  const { options, environment, now } = invocation;
  const url = readArgument(invocation, 0);
  assertOptions(options);
  const location = parseUrl(url);
  if (location.kind !== 'oci' && options.text('platform') !== undefined) {
    throw new Failure('usage', 'expected oci://… beside --platform');
  }
  const place = options.text('extract') ?? options.text('out') ?? nameFile(url);
  const requirement = await readRequiredSigner(options);
  if (options.flag('offline') && options.text('trusted-root') === undefined) {
    throw new Failure('usage', 'expected --trusted-root FILE beside --offline');
  }
  const trustedRoot = await chooseTrustedRoot(invocation);
  const verify = createFetchVerifier(requirement, { trustedRoot, now: now() });
  const folder = await openSourceFolder(environment.configDir, nameSource(options, url));
  try {
    const fetched = options.flag('offline')
      ? await verifyAgain(invocation, { folder, verify })
      : await fetchAnew(invocation, { folder, verify, request: { location, ...readRequest(options) } });
    await install(options, place, { path: folder.artifactPath, sha256: fetched.found.sha256 });
    return describe(fetched, place);
  } finally {
    folder.release();
  }
}

function assertOptions(options: Options): void {
  if ((options.text('manifest') === undefined) !== (options.text('target') === undefined)) {
    throw new Failure('usage', 'expected --manifest and --target together');
  }
  if (options.text('out') !== undefined && options.text('extract') !== undefined) {
    throw new Failure('usage', 'expected either --out or --extract');
  }
  const reason = options.text('allow-older');
  if (reason !== undefined && (reason.trim().length < 10 || reason.length > 500)) {
    throw new Failure('usage', 'expected a reason of 10 to 500 characters after --allow-older');
  }
}

function parseUrl(url: string) {
  try {
    return parseLocation(url);
  } catch (cause) {
    throw cause instanceof TrustError ? new Failure('usage', cause.message, { cause }) : cause;
  }
}

/** Each target is a source of its own. */
function nameSource(options: Options, url: string): string {
  const part = options.text('target') ?? options.text('title') ?? '';
  const platform = options.text('platform');
  return [options.text('source') ?? url, part, ...(platform === undefined ? [] : [platform])].join('\n');
}

function readRequest(options: Options) {
  const [manifest, target] = [options.text('manifest'), options.text('target')];
  const maxAgeDays = options.integer('max-age-days', 1);
  return {
    bundleUrl: options.text('bundle'),
    capsule: manifest === undefined || target === undefined ? undefined : { url: manifest, target },
    title: options.text('title'),
    platform: options.text('platform'),
    maxBytes: options.integer('max-bytes', 1) ?? gibibyte,
    maxAgeMs: maxAgeDays === undefined ? undefined : maxAgeDays * dayMs,
    allowOlder: options.text('allow-older'),
  };
}

async function fetchAnew(
  { options, fetch, now, progress, output }: Invocation,
  {
    folder,
    verify,
    request,
  }: { folder: SourceFolder; verify: EvidenceVerifier; request: Parameters<typeof fetchVerified>[0] },
): Promise<Fetched> {
  const kept = await folder.readKept().catch(() => undefined);
  const config = options.text('registry-config');
  const credentials = config === undefined ? undefined : await readRegistryCredentials(config, request.location);
  try {
    const fetched = await fetchVerified(request, {
      ...{ fetch, verify, now, store: folder.store, landing: folder.landing, kept: kept?.file, credentials },
      onProgress: ({ receivedBytes, totalBytes }) => progress.update('downloading', receivedBytes, totalBytes),
    });
    if (fetched.isKept) await folder.keepEvidence(fetched.evidence);
    else await folder.keep(fetched.evidence);
    if (fetched.isOverridden) output.warn('this is older than what was seen of the source; the reason is recorded');
    return fetched;
  } finally {
    progress.finish();
  }
}

async function verifyAgain(
  { options, now }: Invocation,
  { folder, verify }: { readonly folder: SourceFolder; readonly verify: EvidenceVerifier },
): Promise<Fetched> {
  const kept = await folder.readKept();
  if (!kept)
    throw new Failure('refused', 'nothing was fetched from this source before', { hint: 'leave --offline out' });
  const found = await verifyFetched(kept.evidence, kept.file, verify);
  assertFresh(found, readRequest(options).maxAgeMs, now());
  return { found, file: kept.file, evidence: kept.evidence, isKept: true, isOverridden: false };
}

async function install(options: Options, place: string, file: VerifiedFile): Promise<void> {
  if (options.text('extract') === undefined) return installFile(file, place);
  return installFolder(file, place, { maxBytes: options.integer('max-unpacked-bytes', 1) ?? 8 * gibibyte });
}

function nameFile(url: string): string {
  const name = url.startsWith('oci://') ? '' : basename(decodeURIComponent(new URL(url).pathname));
  if (/^[A-Za-z0-9_][A-Za-z0-9._+-]*$/.test(name)) return name;
  throw new Failure('usage', 'expected --out FILE: the URL names none');
}

function describe({ found, file, isKept, isOverridden }: Fetched, place: string): Answer {
  const { sha256, version, signedAt } = found;
  const time = signedAt === undefined ? undefined : encodeTime(signedAt);
  const words = [version ?? '', time === undefined ? '' : `signed ${time}`, formatSize(file.sizeBytes)].filter(Boolean);
  return {
    document: {
      ...{ installed: place, sha256, size_bytes: file.sizeBytes, version: version ?? null, signed_at: time ?? null },
      ...{ from_cache: isKept, older_allowed: isOverridden },
    },
    lines: [`${place}: ${words.join(', ')}, verified${isKept ? ' (kept from before)' : ''}.`, `SHA-256 ${sha256}`],
  };
}
