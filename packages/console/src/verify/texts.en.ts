/** What the page that checks files says, in English. */

/** The texts. */
export const texts = {
  reading: 'Reading {name}',
  digesting: 'Reading {name}: {done} of {size}',
  asking: 'Verifying the signed documents',
  insecure:
    'This page was not loaded over HTTPS, so your browser offers it no cryptography. Nothing was checked. Use the command.',
  unsupported: 'Your browser does not know Ed25519 signatures. Nothing was checked. Use a newer one, or the command.',
  unreadable: 'The file could not be read: {reason}. Choose it again; a folder cannot be checked.',
  badRoot:
    'Nothing was checked: what stands above is neither the digest of a root nor its key, or the number is out of reach.',
  wrongRoot:
    'This server shows no root with the digest that stands above. Either the digest is not the one that the makers told you, or this is not their server. Do not use files from here before you know which.',
  badServerRoots:
    'Nothing was checked: what this server shows as its roots are no keys. That is for its operators to mend.',
  noRoots: 'This server names no roots: nothing can be verified.',

  released: 'This is {name} of release {version}',
  releasedLead: 'A manifest that is signed and in force names exactly this file.',
  releasedUnpinned:
    'A manifest that is signed and in force names exactly this file, under roots that this server named itself.',
  other: 'This is not a file of the release in service',
  otherLead:
    'What is signed and in force ({versions}) names no file with these bytes. That is no proof that the file is bad, and none that it is good.',
  namesake:
    'The release in service has a file of this name with other bytes. Do not use this one: it was changed, damaged, or is of another release.',
  empty: 'No release is in service',
  emptyLead: 'This server shows no signed manifest, so that there is nothing to compare the file with.',
  refused: 'What this server gave does not verify',
  refusedLead: 'So nothing is known of the file. Do not use it on the word of this server.',
  forgetful: 'What this browser remembers of this server cannot be read',
  forgetfulLead:
    'Nothing was checked. That is damage in the storage of your browser; it says nothing of the server or of the file.',
  forgetHint:
    'Once it is forgotten, files can be checked again; but at first an older release is not told from the newest, as at a first visit. The roots stay.',
  forget: 'Forget it, and check again',
  failed: 'Nothing was proven: this page failed ({reason}). Load it again, or use the command.',

  claimedSuperseded:
    'This server says that these are the bytes of {name} of release {version}, which a newer release has followed. No signature in force says so.',
  claimedWithdrawn:
    'This server says that these are the bytes of {name} of release {version}, which was taken back. Install another release.',
  claimedActive:
    'This server lists these bytes as {name} of release {version}, in service; yet no manifest that verifies names them.',

  proven: 'What was proven',
  unproven: 'What was not',
  facts: 'The file',
  size: 'Size',
  digest: 'SHA-256',

  rootSigned: 'Trust list {version}, which is in force until {until}, is signed by {whose}.',
  rootsSigned: 'Trust list {version}, which is in force until {until}, is signed by at least {needed} of {whose}.',
  rootFollowed:
    'Trust list {version}, which is in force until {until}, is signed by the roots that follow, by signed changes, from {whose}.',
  rootsFollowed:
    'Trust list {version}, which is in force until {until}, is signed by the roots that follow, by signed changes, from {whose}; at least {needed} of those had to sign the first change.',
  whose_visitor: '{count|the root|the # roots} that you named ({ids})',
  whose_link: '{count|the root|the # roots} that a link brought here ({ids})',
  whose_kept: '{count|the root|the # roots} that you named here on {since} ({ids})',
  whose_linked: '{count|the root|the # roots} that a link brought here on {since} ({ids})',
  whose_seen: '{count|the root|the # roots} that this browser has held on to since {since} ({ids})',
  whose_server: '{count|the root|the # roots} that this server names ({ids})',
  keyServer:
    'That list names the key “{label}”, held by the server, for this project; it is not revoked, and signed the manifest.',
  keyMaintainers:
    '{count|One maintainer has|# maintainers have} signed the manifest, as that list demands, with keys that are not on the server.',
  manifest:
    'The manifest is of release {version} on the channel {channel}, number {counter}, signed on {signed}, and holds until {until}.',
  manifestUnbounded:
    'The manifest is of release {version} on the channel {channel}, number {counter}, signed on {signed}.',
  counterSeen: 'It is not older than what this browser saw before (number {before}).',
  logged:
    'The release is entry {index} of the transparency log {origin}, which that list names: whoever reads the log sees it.',
  bytes: 'The file has exactly the bytes that the manifest names.',
  policyMet: 'When it was signed, the project’s policy was met, by the word of whoever signed.',

  pageDoubt:
    'That this page told you the truth. It came from this server: whoever controls the server could show you anything. For certainty use the command, with the root from somewhere else.',
  rootsDoubt:
    'That these are the roots of the makers. Compare the digest with what they tell you elsewhere, and put it in above.',
  linkDiffers:
    'The link brought other roots than before, or asks for another number of them. This browser stays with {whose}. A false link looks like this, and so does one after the makers have changed their roots: ask them. If they have, open this page without the link, and put in what they tell you.',
  linkDoubt:
    'That these are the roots of the makers: a link brought them, and they are worth as much as the place where you found it.',
  seenDoubt:
    'That these are the roots of the makers: this browser took them from this server then, and would notice others from now on.',
  counterDoubt: 'That there is no newer release: this browser has seen none before, and has nothing to compare with.',
  equivocationDoubt: 'That everybody is shown the same release.',
  logDoubt:
    'That everybody is shown the same log. This browser would notice if the log took back what it showed here; for the rest, somebody has to watch it.',
  harmDoubt: 'That the file does no harm. Signatures say who, not what.',
  scanClean: 'Its makers’ server signed that {engine} found nothing in it on {day}.',
  scanNone: 'No scanner has looked into it.',

  code_bad_signature: 'A signature is wrong or missing.',
  code_root_not_trusted: 'The roots have not signed for themselves.',
  code_trust_missing: 'There is no trust list.',
  code_trust_expired: 'The trust list has expired: somebody may be withholding a newer one.',
  code_trust_replayed:
    'The trust list is older than what this browser has seen, or another one under the same number: a sign of an attack.',
  code_manifest_missing:
    'There is no manifest any more, although this browser has seen one: somebody may be withholding it.',
  code_manifest_stale: 'The manifest has expired: somebody may be withholding a newer one.',
  code_manifest_replayed:
    'The manifest is older than what this browser has seen, or another one under the same number: a sign of an attack.',
  code_key_revoked: 'The key that signed is revoked.',
  code_key_unknown: 'The key that signed is not on the trust list.',
  code_key_out_of_scope: 'The key that signed may not sign for this project.',
  code_key_not_in_window: 'The key that signed is not valid at this time.',
  code_wrong_project: 'The manifest is of another project.',
  code_wrong_channel: 'The manifest is of another channel.',
  code_log_proof_missing: 'Nothing proves that the release is in the transparency log, and the trust list demands it.',
  code_log_proof_invalid: 'The proof that the release is in the transparency log does not hold.',
  code_log_untrusted: 'The transparency log is another one than the trust list names.',
  code_log_inconsistent: 'The transparency log shows another history than this browser has seen: a sign of an attack.',
  code_fetch_failed: 'The server did not give the signed documents.',
  code_other: 'A document is not as it must be.',
  reason: 'In the words of the verifier: {message}',
};
