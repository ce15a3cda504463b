<?php
// A client of the older catalogue, which knows neither our version, nor expiry, nor the signature over the whole:
// php older-catalogue.php BASE ROOT_B64 COLLECTION MODULE. Prints one JSON line; exits 0 when the module was taken, 1 when refused.
declare(strict_types=1);

[, $base, $root, $collection, $slug] = $argv;

function refuse(string $reason): never {
    echo json_encode(['refused' => $reason]), "\n";
    exit(1);
}

function fetch_body(string $url, array $headers = []): array {
    $body = file_get_contents($url, false, stream_context_create(['http' => ['ignore_errors' => true, 'timeout' => 15, 'header' => $headers]]));
    if ($body === false || !preg_match('~ (\d{3}) ~', $http_response_header[0] ?? '', $status)) refuse("no answer from $url");
    $etag = preg_grep('~^etag:~i', $http_response_header);
    return [(int) $status[1], $body, $etag ? trim(substr(reset($etag), 5)) : null];
}

/** Sorts an object and the objects in it, but does not look into arrays. */
function sort_objects(array $value): array {
    if (array_is_list($value)) return $value;
    ksort($value);
    return array_map(fn($item) => is_array($item) ? sort_objects($item) : $item, $value);
}

function is_signed(array $object, string $sig, string $pubkey): bool {
    $signature = base64_decode($sig, true);
    if ($signature === false || strlen($signature) !== 64) return false;
    $message = json_encode(sort_objects($object), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    return sodium_crypto_sign_verify_detached($signature, $message, base64_decode($pubkey, true));
}

/** Own locale, then the module's own, then whatever there is. */
function pick(array $texts, string $locale, string $primary): string {
    return $texts[$locale] ?? $texts[$primary] ?? (array_values(array_filter($texts))[0] ?? '');
}

// The catalogue, twice: the second time it has not changed.
[$status, $body, $etag] = fetch_body("$base/api/modules/$collection");
if ($status !== 200 || $etag === null) refuse("catalogue: $status");
[$again] = fetch_body("$base/api/modules/$collection", ["If-None-Match: $etag"]);
if ($again !== 304) refuse("catalogue: $again instead of 304");
$catalogue = json_decode($body, true);
if (($catalogue['collection']['slug'] ?? null) !== $collection || !is_array($catalogue['modules'] ?? null)) refuse('catalogue: another collection');
$modules = array_column($catalogue['modules'], null, 'slug');
$module = $modules[$slug] ?? refuse('module: none');

foreach (['slug' => 'is_string', 'name' => 'is_array', 'description' => 'is_array', 'current_version' => 'is_string', 'category' => 'is_array', 'download_url' => 'is_string',
    'sha256' => 'is_string', 'size_bytes' => 'is_int', 'requires_permissions' => 'is_array', 'primary_locale' => 'is_string', 'trust_level' => 'is_string'] as $field => $holds) {
    if (!$holds($module[$field] ?? null)) refuse("module: no $field");
}
if (isset($module['info_url']) && !preg_match('~^https?://~', $module['info_url'])) refuse('module: info_url');
if (!in_array($module['trust_level'], ['official', 'verified', 'community'], true)) refuse('module: trust_level');
if (parse_url($module['download_url'], PHP_URL_HOST) !== parse_url($base, PHP_URL_HOST)) refuse('module: another host');

// Its signature, by a key of the trust list that the pinned root signed.
[, $body] = fetch_body("$base/api/signing/trust");
$trust = json_decode($body, true);
if (!is_signed($trust['trust'], $trust['signature'], $root)) refuse('trust: bad signature');
['key_id' => $keyId, 'sig' => $sig, 'manifest' => $manifest] = $module['signature'] ?? refuse('module: unsigned');
if (in_array($keyId, array_column($trust['trust']['revoked_keys'], 'key_id'), true)) refuse('module: key revoked');
$valid = array_column($trust['trust']['valid_keys'], 'pubkey_b64', 'key_id');
if (!isset($valid[$keyId]) || !is_signed($manifest, $sig, $valid[$keyId])) refuse('module: bad signature');

// The file, by size and digest.
[$status, $file] = fetch_body($module['download_url']);
if ($status !== 200) refuse("file: $status");
if (strlen($file) !== $module['size_bytes'] || !hash_equals($module['sha256'], hash('sha256', $file))) refuse('file: size or digest');
echo json_encode(['installed' => $module['current_version'], 'name' => pick($module['name'], 'fr', $module['primary_locale']), 'trust_level' => $module['trust_level']]), "\n";
