<?php
// Reads what verify.php decides on: canonical JSON, the shapes of shapes.json, bytes, times, versions.
declare(strict_types=1);

const NUMBER_KEY = '/\A[ \t\n\r\v\f]*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\n\r\v\f]*\z/';
const ORDER_8 = ['26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'];
$shapes = json_decode(file_get_contents("$argv[1]/shapes.json"));

final class Refused extends Exception {}

function need(mixed $holds, string $code = 'malformed'): void {
    if (!$holds) throw new Refused($code);
}

/** PHP keeps the last of two equal keys, and takes -0 for 0: the text itself tells. */
function parse(string $text): mixed {
    try { $value = json_decode($text, false, 64, JSON_THROW_ON_ERROR); } catch (JsonException) { throw new Refused('malformed'); }
    $remaining = 0;
    assert_signable($value, 0, $remaining);
    $outline = preg_replace('/"(?:[^"\\\\]|\\\\.)*+"/s', '', $text);
    need(substr_count($outline, ':') === $remaining && !str_contains($outline, '-0'));
    return $value;
}

function assert_signable(mixed $value, int $depth, int &$keys): void {
    need($depth <= 32 && !is_float($value));
    if (is_int($value)) need(abs($value) < 2 ** 53);
    if (is_string($value)) need(!preg_match('/[\x{2028}\x{2029}]/u', $value));
    if (is_object($value)) need((array) $value !== []);
    foreach (is_object($value) || is_array($value) ? $value : [] as $key => $item) {
        if (is_object($value)) { $keys++; need(!preg_match(NUMBER_KEY, (string) $key)); assert_signable((string) $key, $depth, $keys); }
        assert_signable($item, $depth + 1, $keys);
    }
}

function canonical(mixed $value): string {
    return json_encode(sort_keys($value), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
}

function sort_keys(mixed $value): mixed {
    if (is_array($value)) return array_map('sort_keys', $value);
    if (!is_object($value)) return $value;
    $members = array_map('sort_keys', (array) $value);
    ksort($members, SORT_STRING);
    return (object) $members;
}

function assert_shape(mixed $value, string $kind, mixed ...$rule): void {
    match ($kind) {
        'integer' => need(is_int($value) && $value >= $rule[0]),
        'equals' => need($value === $rule[0]),
        'text' => need(is_string($value) && preg_match_all('/./su', $value) <= $rule[1] && preg_match("~\\A(?:" . str_replace('~', '\\~', $rule[0]) . ")\\z~", $value)),
        'time' => unix_ms($value),
        'public_key' => assert_public_key($value),
        'path' => assert_path($value, $rule[0]),
        'each' => assert_each($value, ...$rule),
        'map' => assert_map($value, ...$rule),
        'shape' => assert_members($value, $rule[0]),
    };
}

function assert_members(mixed $value, string $name): void {
    global $shapes;
    need(is_object($value));
    foreach ((array) $shapes->$name as $member => $rule) {
        $plain = rtrim($member, '?');
        if ($plain === $member || property_exists($value, $plain)) assert_shape($value->$plain ?? null, ...$rule);
    }
    if (($shapes->$name->pubkey_b64[0] ?? '') === 'public_key') need(key_id(binary($value->pubkey_b64)) === $value->key_id);
}

function assert_each(mixed $value, array $rule, ?string $unique, ?int $most = null): void {
    need(is_array($value) && ($most === null || count($value) <= $most));
    foreach ($value as $item) assert_shape($item, ...$rule);
    if ($unique) need(count(array_unique(array_column($value, $unique))) === count($value));
}

function assert_map(mixed $value, string $keys, int $most): void {
    need(is_object($value));
    foreach ((array) $value as $key => $text) { need(preg_match("/\\A$keys\\z/", (string) $key)); assert_shape($text, 'text', '[\s\S]*', $most); }
}

function assert_path(mixed $value, int $most): void {
    assert_shape($value, 'text', "(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+", $most);
    need(!preg_match('~/(\.|%2e){1,2}(/|\z)|%(2f|5c|00)~i', $value));
}

function unix_ms(mixed $value): int {
    $form = '/\A(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)\z/';
    need(is_string($value) && preg_match($form, $value, $m) && checkdate((int) $m[2], (int) $m[3], (int) $m[1]));
    return gmmktime((int) $m[4], (int) $m[5], (int) $m[6], (int) $m[2], (int) $m[3], (int) $m[1]) * 1000 + (int) substr(str_pad($m[7] ?? '', 3, '0'), 0, 3);
}

function binary(string $text): string {
    $raw = base64_decode($text, true);
    need($raw !== false && base64_encode($raw) === $text);
    return $raw;
}

function assert_public_key(mixed $text): void {
    assert_shape($text, 'text', '[A-Za-z0-9+/]{43}=', 44);
    need(is_reduced(binary($text)) && !is_small_order(binary($text)));
}

/** The y coordinate without the sign of x, in hex, most significant byte first. */
function y_of(string $point): string {
    return bin2hex(strrev(substr($point, 0, 31) . chr(ord($point[31]) & 127)));
}

function is_reduced(string $point): bool { return y_of($point) < '7f' . str_repeat('ff', 30) . 'ed'; }

function is_small_order(string $point): bool {
    $order8 = array_map(fn($hex) => bin2hex(strrev(hex2bin($hex))), ORDER_8);
    return !is_reduced($point) || in_array(y_of($point), [str_repeat('0', 64), str_repeat('0', 63) . '1', '7f' . str_repeat('ff', 30) . 'ec', ...$order8], true);
}

function key_id(string $raw): string { return hash('sha256', $raw); }

/** PHP's own order of versions is that of semantic versions for the forms checked here. */
function is_at_least(string $version, string $minimum): bool {
    $semver = '/\A\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?\z/';
    return $version === $minimum || (preg_match($semver, $version) && preg_match($semver, $minimum) && version_compare($version, $minimum, '>='));
}
