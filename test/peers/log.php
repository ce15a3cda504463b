<?php
// The transparency log for verify.php (docs/protocol/log.md): signed notes, Merkle proofs, evidence of two histories.
declare(strict_types=1);

function sha256(string ...$parts): string { return hash('sha256', implode($parts), true); }

function decide_log(object $v, object $trust, object $manifest, string $digest): ?array {
    $log = $trust->log ?? $v->pinned;
    if ($log === null) return null;
    $key = binary($log->pubkey_b64);
    need(!in_array(key_id($key), array_column([...$trust->valid_keys, ...$trust->push_keys ?? []], 'key_id'), true), 'key_out_of_scope');
    need(!in_array(key_id($key), array_column($trust->revoked_keys, 'key_id'), true), 'key_revoked');
    $proof = parse($v->envelope)->log ?? null;
    need($proof !== null, 'log_proof_missing');
    need(is_object($proof));
    assert_shape($proof->index ?? null, 'integer', 0);
    $hashes = read_hashes($proof);
    assert_shape($proof->checkpoint ?? null, 'text', '[\s\S]*', 32_768);
    assert_shape($proof->organisation ?? null, 'text', '[a-z0-9][a-z0-9-]{1,48}[a-z0-9]', 50);
    [$size, $root] = open_checkpoint($proof->checkpoint, $log->origin, $key);
    $entry = ['type' => 'manifest', 'organisation' => $proof->organisation, 'sha256' => $digest, 'channel' => $manifest->channel ?? 'stable'];
    foreach (['project', 'version', 'counter', 'key_id'] as $name) $entry[$name] = $manifest->$name;
    assert_included(sha256("\0", canonical((object) $entry)), $proof->index, $hashes, $size, $root);
    return ['index' => $proof->index, 'size' => $size, 'root_hash' => base64_encode($root)];
}

function read_hashes(object $proof): array {
    $hashes = $proof->hashes ?? null;
    need(is_array($hashes) && count($hashes) <= 64 && array_filter($hashes, is_string(...)) === $hashes);
    return array_map(binary(...), $hashes);
}

/** Size and root hash of a checkpoint that this log signed. */
function open_checkpoint(string $note, string $origin, string $key): array {
    need(strlen($note) <= 32_768);
    $end = strrpos($note, "\n\n");
    need($end && str_ends_with($note, "\n"));
    [$text, $lines] = [substr($note, 0, $end + 1), explode("\n", substr($note, $end + 2, -1))];
    need(!preg_match('/[\x00-\x09\x0b-\x1f]/', $text) && count($lines) <= 100);
    $own = [];
    foreach ($lines as $line) {
        need(preg_match('/\A\x{2014} ([^\s+]+) ([A-Za-z0-9+\/=]+)\z/u', $line, $match));
        if ($match[1] === $origin) $own[] = binary($match[2]);
    }
    need($own, 'log_untrusted');
    $hint = substr(sha256($origin, "\n\x01", $key), 0, 4);
    $signed = array_values(array_filter($own, fn($one) => substr($one, 0, 4) === $hint));
    need($signed && strlen($signed[0]) === 68 && sodium_crypto_sign_verify_detached(substr($signed[0], 4), $text, $key), 'bad_signature');
    $stated = explode("\n", substr($text, 0, -1));
    need(count($stated) > 2 && !in_array('', $stated, true));
    [$name, $size, $root] = $stated;
    need(preg_match('/\A(0|[1-9][0-9]{0,15})\z/', $size) && (int) $size < 2 ** 53 && strlen(binary($root)) === 32);
    need($name === $origin, 'log_untrusted');
    return [(int) $size, binary($root)];
}

/** RFC 9162, 2.1.3.2 */
function assert_included(string $leaf, int $index, array $hashes, int $size, string $root): void {
    need($index < $size && !array_filter($hashes, fn($one) => strlen($one) !== 32), 'log_proof_invalid');
    [$node, $last] = [$index, $size - 1];
    foreach ($hashes as $sibling) {
        need($last > 0, 'log_proof_invalid');
        if ($node % 2 === 1 || $node === $last) {
            $leaf = sha256("\1", $sibling, $leaf);
            for (; $node % 2 === 0 && $node > 0; $node >>= 1) $last >>= 1;
        } else $leaf = sha256("\1", $leaf, $sibling);
        [$node, $last] = [$node >> 1, $last >> 1];
    }
    need($last === 0 && $leaf === $root, 'log_proof_invalid');
}

/** RFC 9162, 2.1.4.2; each tree as [size, root] */
function assert_consistent(array $older, array $newer, array $hashes): void {
    need($older[0] > 0 && $older[0] < $newer[0] && !array_filter($hashes, fn($one) => strlen($one) !== 32), 'log_proof_invalid');
    if (($older[0] & ($older[0] - 1)) === 0) array_unshift($hashes, $older[1]);
    need($hashes, 'log_proof_invalid');
    [$node, $last, $first] = [$older[0] - 1, $newer[0] - 1, array_shift($hashes)];
    for (; $node % 2 === 1; $node >>= 1) $last >>= 1;
    $second = $first;
    foreach ($hashes as $one) {
        need($last > 0, 'log_proof_invalid');
        if ($node % 2 === 1 || $node === $last) {
            [$first, $second] = [sha256("\1", $one, $first), sha256("\1", $one, $second)];
            for (; $node % 2 === 0 && $node > 0; $node >>= 1) $last >>= 1;
        } else $second = sha256("\1", $second, $one);
        [$node, $last] = [$node >> 1, $last >> 1];
    }
    need($last === 0 && $first === $older[1] && $second === $newer[1], 'log_proof_invalid');
}

function decide_evidence(object $v): array {
    [$first, $second, $text] = [...$v->evidence, '', '', ''];
    $key = binary($v->log->pubkey_b64);
    $heads = array_map(fn($note) => open_checkpoint($note, $v->log->origin, $key), [$first, $second]);
    [$older, $newer] = $heads[0][0] <= $heads[1][0] ? $heads : array_reverse($heads);
    $begin = $newer[1];
    if ($older[0] < $newer[0]) {
        $proof = parse($text);
        need(is_object($proof) && is_string($proof->root_hash ?? null));
        $begin = binary($proof->root_hash);
        assert_consistent([$older[0], $begin], $newer, read_hashes($proof));
    }
    need($begin !== $older[1], 'log_proof_invalid');
    return ['accepted' => true];
}
