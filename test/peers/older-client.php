<?php
// A client that knows the older format and nothing newer: php older-client.php BASE ROOT_B64 PROJECT STATE_FILE
// Prints one JSON line; exits 0 when the release is accepted (or there is none), 1 when it is refused.
declare(strict_types=1);

[, $base, $root, $project, $stateFile] = $argv;

function refuse(string $reason): never {
    echo json_encode(['refused' => $reason]), "\n";
    exit(1);
}

/** Sorts an object and the objects in it, but does not look into arrays. */
function sort_objects(array $value): array {
    if (array_is_list($value)) return $value;
    ksort($value);
    return array_map(fn($item) => is_array($item) ? sort_objects($item) : $item, $value);
}

function verify_signed(string $body, string $name, string $pubkey): array {
    $envelope = json_decode($body, true);
    if (!is_array($envelope[$name] ?? null) || !is_string($envelope['signature'] ?? null)) refuse("$name: no envelope");
    $signature = base64_decode($envelope['signature'], true);
    if ($signature === false || strlen($signature) !== 64) refuse("$name: signature is not 64 bytes");
    $message = json_encode(sort_objects($envelope[$name]), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    if (!sodium_crypto_sign_verify_detached($signature, $message, $pubkey)) refuse("$name: bad signature");
    return $envelope[$name];
}

/** The body at $url, or null for 404. */
function fetch_body(string $url): ?string {
    $body = file_get_contents($url, false, stream_context_create(['http' => ['ignore_errors' => true, 'timeout' => 15]]));
    if (str_contains($http_response_header[0] ?? '', ' 404 ')) return null;
    if ($body === false || !str_contains($http_response_header[0] ?? '', ' 200 ')) refuse("no answer from $url");
    return $body;
}

function parse_key(string $text): string {
    $key = base64_decode($text, true);
    if ($key === false || strlen($key) !== 32) refuse('a key is not 32 bytes');
    return $key;
}

$state = is_file($stateFile) ? json_decode(file_get_contents($stateFile), true) : [];

// Trust: one pinned root, version not lower, not expired.
$body = fetch_body("$base/api/signing/trust") ?? refuse('trust: none');
$trust = verify_signed($body, 'trust', parse_key($root));
if (!is_int($trust['trust_version'] ?? null) || $trust['trust_version'] < ($state['trust_version'] ?? 0)) refuse('trust: lower version');
$expires = strtotime($trust['expires_at'] ?? '');
if ($expires === false || $expires <= time()) refuse('trust: expired');
$state['trust_version'] = $trust['trust_version'];
file_put_contents($stateFile, json_encode($state));

// Manifest: listed key, own project, schema version 2, counter above the last.
$body = fetch_body("$base/api/projects/$project/manifest");
if ($body === null) {
    echo json_encode(['none' => true]), "\n";
    exit(0);
}
$keyId = json_decode($body, true)['manifest']['key_id'] ?? '';
foreach ($trust['revoked_keys'] as $key) if ($key['key_id'] === $keyId) refuse("manifest: key revoked: {$key['reason']}");
$valid = array_column($trust['valid_keys'], 'pubkey_b64', 'key_id');
if (!isset($valid[$keyId])) refuse('manifest: key not listed');
$manifest = verify_signed($body, 'manifest', parse_key($valid[$keyId]));
if (($manifest['project'] ?? null) !== $project) refuse('manifest: another project');
if (($manifest['manifest_schema_version'] ?? null) !== 2) refuse('manifest: another schema version');
if (!is_string($manifest['url'] ?? null) || !str_starts_with($manifest['url'], '/')) refuse('manifest: url is not host-relative');
if (!is_int($manifest['size_bytes'] ?? null) || !is_string($manifest['sha256'] ?? null)) refuse('manifest: no size or digest');
if (($state['current_version'] ?? null) === $manifest['version']) {
    echo json_encode(['current' => $manifest['version']]), "\n";
    exit(0);
}
if (!is_int($manifest['counter'] ?? null) || $manifest['counter'] <= ($state['last_counter'] ?? 0)) refuse('manifest: rollback');

// Download, then remember what is installed.
$file = fetch_body($base . $manifest['url']) ?? refuse('file: none');
if (strlen($file) !== $manifest['size_bytes']) refuse('file: size');
if (!hash_equals($manifest['sha256'], hash('sha256', $file))) refuse('file: digest');
file_put_contents($stateFile, json_encode(['last_counter' => $manifest['counter'], 'current_version' => $manifest['version']] + $state));
echo json_encode(['installed' => $manifest['version'], 'counter' => $manifest['counter']]), "\n";
