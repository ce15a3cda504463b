<?php
/**
 * Lets a plugin update itself from its own Signpost: WordPress installs what a key signed that the roots below vouch for, and nothing
 * else. To ship it: change the namespace and the five constants, require the file from the plugin's main file, and put SERVER under
 * "Update URI:" in that file's header. Needs PHP 7.4 and WordPress 5.8. Copy it as you like (0BSD).
 */
namespace My_Plugin\Updater;

const SERVER = 'https://releases.example.com';
const PROJECT = 'my-plugin';
const PLUGIN = 'my-plugin/my-plugin.php';
const ROOTS = ['o2IDdRsCjZ7yXTpGt1dF2N8Nx8MurwxJKEnzSfDe0K8='];
const THRESHOLD = 1;

final class Refused extends \Exception {}

function need($holds, string $reason): void {
    if (!$holds) throw new Refused("The update was refused: $reason.");
}

/** Keeps what was seen; an update of which that cannot be kept is none. */
function remember(array $seen): array {
    update_option(__NAMESPACE__, $seen, false);
    need(get_option(__NAMESPACE__) === $seen, 'what was seen could not be kept');
    return $seen;
}

function sorted($value) {
    if (is_array($value)) return array_map(__FUNCTION__, $value);
    if (!is_object($value)) return $value;
    $members = array_map(__FUNCTION__, (array) $value);
    ksort($members, SORT_STRING);
    return (object) $members;
}

/** The signed object that a path answers, and a function that tells which of some keys signed it. */
function fetch_signed(string $path, string $name): array {
    $answer = wp_remote_get(SERVER . $path, ['timeout' => 20, 'limit_response_size' => 1048577]);
    need(!is_wp_error($answer) && wp_remote_retrieve_response_code($answer) === 200, "$path was not answered");
    $envelope = json_decode(wp_remote_retrieve_body($answer), false, 32);
    need(is_object($envelope->$name ?? null) && is_array($envelope->signatures ?? null), "$path is malformed");
    $message = json_encode(sorted($envelope->$name), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    return [$envelope->$name, function (array $keys) use ($envelope, $message): array {
        $signers = [];
        foreach ($keys as $text) foreach ($envelope->signatures as $entry) {
            [$key, $signature] = [base64_decode($text, true), base64_decode($entry->sig ?? '', true)];
            if (strlen($key) !== 32 || strlen($signature) !== 64 || hash('sha256', $key) !== ($entry->key_id ?? '')) continue;
            if (sodium_crypto_sign_verify_detached($signature, $message, $key)) $signers[$entry->key_id] = true;
        }
        return array_keys($signers);
    }];
}

/** The release that is in force. What was seen is kept before anything is done with it: no older one follows. */
function fetch_release(): object {
    [[$trust, $list_signers], [$manifest, $signers]] = [fetch_signed('/api/signing/trust', 'trust'), fetch_signed('/api/projects/' . PROJECT . '/manifest', 'manifest')];
    $now = time();
    $seen = get_option(__NAMESPACE__, []) + ['trust' => [0, ''], 'order' => [0, 0], 'digest' => ''];
    [$digest, $list_digest] = array_map(fn($document) => hash('sha256', json_encode(sorted($document))), [$manifest, $trust]);
    need(count($list_signers(ROOTS)) >= THRESHOLD, 'our roots did not sign the list of keys');
    need($trust->trust_version > $seen['trust'][0] || [$trust->trust_version, $list_digest] === $seen['trust'], 'the list of keys is older than what was seen');
    need($now < strtotime($trust->expires_at), 'the list of keys has expired');
    // A key that was seen revoked stays so, whatever becomes of the manifest.
    $seen = remember(['trust' => [$trust->trust_version, $list_digest]] + $seen);
    need($manifest->manifest_schema_version === 2 && $manifest->project === PROJECT && ($manifest->channel ?? 'stable') === 'stable', 'this is another project');
    $revoked = array_column($trust->revoked_keys, 'key_id');
    $keys = array_filter($trust->valid_keys, fn($key) => !in_array($key->key_id, $revoked, true) && array_intersect(['*', 'project:' . PROJECT], $key->scope)
        && $now >= strtotime($key->not_before ?? '@0') && $now < strtotime($key->not_after ?? '@' . PHP_INT_MAX));
    need(in_array($manifest->key_id, $signers(array_column($keys, 'pubkey_b64')), true), 'no key that we trust signed it');
    $rule = array_column($trust->projects ?? [], null, 'project')[PROJECT] ?? (object) ['approvals' => 0, 'counter_epoch' => 0];
    $maintainers = array_filter($keys, fn($key) => $key->custody === 'maintainer');
    need(count($signers(array_column($maintainers, 'pubkey_b64'))) >= $rule->approvals, 'too few maintainers signed it');
    need(strtotime($manifest->signed_at) < $now + 86400 && $now < strtotime($manifest->expires_at ?? '@' . PHP_INT_MAX), 'it is stale');
    $order = [$manifest->counter_epoch ?? 0, $manifest->counter];
    need($order[0] === $rule->counter_epoch && ($order > $seen['order'] || ($order === $seen['order'] && $digest === $seen['digest'])), 'it is older than what was seen');
    remember(['order' => $order, 'digest' => $digest] + $seen);
    need(preg_match('~\A(/[A-Za-z0-9._+@-]+)+\z~', $manifest->url) && !preg_match('~/\.{1,2}(/|\z)~', $manifest->url), 'its address is malformed');
    return $manifest;
}

add_filter('update_plugins_' . parse_url(SERVER, PHP_URL_HOST), function ($update, $plugin, $file) {
    if ($file !== PLUGIN) return $update;
    try { $release = fetch_release(); } catch (\Throwable $refused) { error_log($refused->getMessage()); return $update; }
    return ['id' => SERVER, 'slug' => PROJECT, 'version' => $release->version, 'url' => SERVER . '/' . PROJECT . '/info', 'package' => SERVER . $release->url];
}, 10, 3);

add_filter('upgrader_pre_download', function ($reply, $package, $upgrader, $extra = []) {
    // Another plugin of the same server has an updater of its own.
    if (($extra['plugin'] ?? (strpos((string) $package, SERVER . '/' . PROJECT . '/') === 0 ? PLUGIN : '')) !== PLUGIN) return $reply;
    try { $release = fetch_release(); } catch (\Throwable $refused) { return new \WP_Error('signpost_refused', $refused->getMessage()); }
    $file = wp_tempnam(PROJECT);
    $bound = ['timeout' => 300, 'stream' => true, 'filename' => $file, 'limit_response_size' => $release->size_bytes + 1];
    $answer = wp_safe_remote_get(SERVER . $release->url, $bound);
    clearstatcache();
    if (!is_wp_error($answer) && wp_remote_retrieve_response_code($answer) === 200 && filesize($file) === $release->size_bytes && hash_equals($release->sha256, hash_file('sha256', $file))) return $file;
    unlink($file);
    return new \WP_Error('signpost_refused', 'The update was refused: the file is not the one that was signed.');
}, 10, 4);
