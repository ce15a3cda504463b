/** What stands in a trusted root, in words. */
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { encodeText } from '@signpost/protocol/bytes/text';
import type { AuthorityInstance } from '@signpost/protocol/sigstore/authority-instance';
import type { LogInstance } from '@signpost/protocol/sigstore/log-instance';
import { parseTrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import type { ValidityWindow } from '@signpost/protocol/sigstore/validity-window';
import { formatName } from '@signpost/protocol/x509/name';

/** Authorities and logs of a stored document, with the time in which each counts. */
export async function describeTrustedRoot(document: string) {
  const root = await parseTrustedRoot(encodeText(document));
  return {
    certificate_authorities: root.certificateAuthorities.map(describeAuthority),
    timestamp_authorities: root.timestampAuthorities.map(describeAuthority),
    logs: root.logs.map(describeLog),
    certificate_logs: root.certificateLogs.map(describeLog),
  };
}

function describeAuthority({ uri, certificates: [signer], window }: AuthorityInstance) {
  return { uri, subject: formatName(signer.subject), ...describeWindow(window) };
}

function describeLog({ baseUrl, logId, window }: LogInstance) {
  return { base_url: baseUrl, log_id: encodeHex(logId), ...describeWindow(window) };
}

function describeWindow({ start, end }: ValidityWindow) {
  return { start: formatTime(start), end: end === undefined ? null : formatTime(end) };
}

function formatTime(at: number): string {
  return new Date(at).toISOString();
}
