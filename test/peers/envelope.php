<?php
// The envelope of signed documents: {"<name>": {...}, "signature": b64, "signatures": [{"key_id", "sig"}]}
declare(strict_types=1);
require __DIR__ . '/reading.php';

final class Envelope {
    public object $document;
    public string $message;
    public string $main;
    public ?array $listed = null;

    public function __construct(string $text, string $name) {
        $envelope = parse($text);
        need(is_object($envelope) && is_object($envelope->$name ?? null));
        assert_shape($envelope->signature ?? null, 'text', '[A-Za-z0-9+/]{86}==', 88);
        $this->document = $envelope->$name;
        $this->message = canonical($this->document);
        $this->main = binary($envelope->signature);
        if (!property_exists($envelope, 'signatures')) return;
        assert_shape($envelope->signatures, 'each', ['shape', 'signature'], 'key_id');
        $this->listed = array_map(binary(...), array_column($envelope->signatures, 'sig', 'key_id'));
        need(count($this->listed) <= 32 && in_array($this->main, $this->listed, true));
    }

    /** The ids among $keys (id => raw key) whose signature verifies. */
    public function signers(array $keys): array {
        return array_keys(array_filter($keys, function (string $raw, string $id): bool {
            $signature = $this->listed === null ? $this->main : $this->listed[$id] ?? null;
            return $signature !== null && sodium_crypto_sign_verify_detached($signature, $this->message, $raw);
        }, ARRAY_FILTER_USE_BOTH));
    }
}

function by_id(array $texts): array {
    $keys = [];
    foreach ($texts as $text) $keys[key_id(binary($text))] = binary($text);
    return $keys;
}
