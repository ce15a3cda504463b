<?php
// What PHP's own patterns find in headers of plugins: a JSON list of texts in base64 comes in, a JSON list of fields goes out.
$names = ['Plugin Name', 'Version', 'Text Domain', 'Requires PHP'];
$answers = [];
foreach (json_decode(stream_get_contents(STDIN)) as $text) {
    $head = strtr(substr(base64_decode($text), 0, 8192), "\r", "\n");
    $fields = [];
    foreach ($names as $name) {
        $pattern = '~^(?:[ \t]*<\?php)?[ \t/*#@]*' . preg_quote($name, '~') . ':(.*)$~mi';
        $found = preg_match($pattern, $head, $match) ? $match[1] : '';
        $fields[$name] = base64_encode($found ? trim(preg_replace('~\s*(?:\*/|\?>).*~', '', $found)) : '');
    }
    $answers[] = $fields;
}
echo json_encode($answers);
