<?php
// Decides every vector with PHP and libsodium alone: php verify.php VECTOR_DIRECTORY (see docs/protocol/)
declare(strict_types=1);
require __DIR__ . '/envelope.php';
require __DIR__ . '/log.php';

// trust-list.md
function decide_trust(object $v, string $text, ?object $previous = null): array {
    [$e, $roots] = [new Envelope($text, 'trust'), by_id($v->roots)];
    need(count($e->signers($roots)) >= $v->threshold, 'bad_signature');
    assert_shape($e->document, 'shape', 'trust');
    [$trust, $new, $threshold] = [$e->document, by_id(array_column($e->document->root_keys ?? [], 'pubkey_b64')), $e->document->threshold ?? 0];
    need(isset($trust->root_keys) === isset($trust->threshold) && $threshold <= count($new));
    [$valid, $push] = [array_column($trust->valid_keys, 'key_id'), array_column($trust->push_keys ?? [], 'key_id')];
    $log = isset($trust->log) ? [$trust->log->key_id] : [];
    need(!array_intersect([...$valid, ...$push, ...$log], array_keys($roots + $new)));
    need(!array_intersect($valid, [...$push, ...$log]) && !array_intersect($push, $log));
    need(count($e->signers($new)) >= $threshold, 'root_not_trusted');
    $claimed = array_filter($roots + $new, fn($id) => ($e->listed[$id] ?? null) === $e->main, ARRAY_FILTER_USE_KEY);
    need(!$claimed || $e->signers($claimed), 'bad_signature');
    [$version, $digest] = [$trust->trust_version, hash('sha256', $e->message)];
    $same = $previous && $version === $previous->version && $digest === $previous->digest;
    need(!$previous || $same || $version > $previous->version, 'trust_replayed');
    need(unix_ms($trust->expires_at) > $v->now, 'trust_expired');
    return [$trust, ['version' => $version, 'digest' => $digest]];
}

// manifest.md
function decide_manifest(object $v): array {
    [$trust] = decide_trust($v, $v->trust);
    $e = new Envelope($v->envelope, 'manifest');
    assert_shape($e->document, 'shape', 'manifest');
    [$m, $now, $files] = [$e->document, $v->now, $e->document->artifacts ?? []];
    $main = fn(object $o): array => [$o->sha256, $o->size_bytes, $o->url];
    need(!$files || in_array($main($m), array_map($main, $files), true));
    need($m->project === $v->project, 'wrong_project');
    need(($m->channel ?? 'stable') === $v->channel, 'wrong_channel');
    [$known, $revoked] = [array_column($trust->valid_keys, null, 'key_id'), array_column($trust->revoked_keys, 'key_id')];
    need(!in_array($m->key_id, $revoked, true), 'key_revoked');
    need(isset($known[$m->key_id]), 'key_unknown');
    $in_scope = fn(object $o): bool => (bool) array_intersect($o->scope, ['*', "project:$v->project"]);
    $in_window = fn(object $o): bool => (!isset($o->not_before) || unix_ms($o->not_before) <= $now) && (!isset($o->not_after) || $now < unix_ms($o->not_after));
    need($in_scope($known[$m->key_id]), 'key_out_of_scope');
    need($in_window($known[$m->key_id]), 'key_not_in_window');
    $is_named = $e->listed === null || ($e->listed[$m->key_id] ?? null) === $e->main;
    need($is_named && $e->signers(by_id([$known[$m->key_id]->pubkey_b64])), 'bad_signature');
    $rule = array_column($trust->projects ?? [], null, 'project')[$v->project] ?? (object) ['approvals' => 0, 'counter_epoch' => 0];
    $maintainers = array_filter($known, fn($o) => $o->custody === 'maintainer' && $in_scope($o) && $in_window($o) && !in_array($o->key_id, $revoked, true));
    need(count($e->signers(by_id(array_column($maintainers, 'pubkey_b64')))) >= $rule->approvals, 'bad_signature');
    need(!isset($m->expires_at) || unix_ms($m->expires_at) > $now, 'manifest_stale');
    $age = $now - unix_ms($m->signed_at);
    need($age >= -86_400_000 && $age <= ($v->max_age_ms ?? $now), 'manifest_stale');
    [$epoch, $seen, $digest] = [$m->counter_epoch ?? 0, $v->previous, hash('sha256', $e->message)];
    need($epoch === $rule->counter_epoch, 'manifest_replayed');
    $same = $seen && [$epoch, $m->counter, $digest] === [$seen->epoch, $seen->counter, $seen->digest];
    need(!$seen || $same || [$epoch, $m->counter] > [$seen->epoch, $seen->counter], 'manifest_replayed');
    need($v->installed_version === null || !isset($m->min_version) || is_at_least($v->installed_version, $m->min_version), 'version_unsupported');
    return ['version' => $m->version, 'counter' => $m->counter, 'digest' => $digest];
}

function decide_logged(object $v): ?array {
    [$v->previous, $v->installed_version, $v->max_age_ms] = [null, null, null];
    ['digest' => $digest] = decide_manifest($v);
    return decide_log($v, decide_trust($v, $v->trust)[0], parse($v->envelope)->manifest, $digest);
}

function decide_file(object $v): bool {
    $bytes = base64_decode($v->bytes_b64, true);
    need(strlen($bytes) === $v->size_bytes, 'size_mismatch');
    need(key_id($bytes) === $v->sha256, 'digest_mismatch');
    return true;
}

$deciders = [
    'canonical-json' => fn(object $v): array => ['canonical' => canonical(parse($v->text))],
    'trust-list' => fn(object $v): array => ['accepted' => decide_trust($v, $v->envelope, $v->previous)[1]],
    'manifest' => fn(object $v): array => ['accepted' => decide_manifest($v)],
    'log' => fn(object $v): array => ['accepted' => decide_logged($v)],
    'log-evidence' => decide_evidence(...),
    'file' => fn(object $v): array => ['accepted' => decide_file($v)],
];
$total = $agreed = 0;
foreach ($deciders as $name => $decide) {
    foreach (json_decode(file_get_contents("$argv[1]/$name.json")) as $v) {
        try { $outcome = $decide($v); } catch (Refused $refused) { $outcome = ['refused' => $refused->getMessage()]; }
        // Which of the three codes of a bad shape is told apart for people only.
        $expected = in_array($v->expect->refused ?? '', ['not_canonical', 'too_large'], true) ? ['refused' => 'malformed'] : json_decode(json_encode($v->expect), true);
        $total++;
        $outcome == $expected ? $agreed++ : print("$name: $v->name: expected " . json_encode($expected) . ', got ' . json_encode($outcome) . "\n");
    }
}
print("$agreed of $total vectors agree\n");
exit($agreed === $total ? 0 : 1);
