<?php
/** What came with a request is shown as it came. */

namespace Signpost\Sniffs\Security;

use PHP_CodeSniffer\Files\File;
use PHP_CodeSniffer\Sniffs\Sniff;

class RequestOutputSniff implements Sniff
{
    /** What makes a value harmless in some place of a page. */
    private const ESCAPES = [
        "absint", "intval", "floatval", "count", "esc_html", "esc_attr", "esc_url", "esc_url_raw", "esc_js", "esc_textarea",
        "esc_xml", "esc_html__", "esc_attr__", "wp_kses", "wp_kses_post", "wp_kses_data", "wp_json_encode", "sanitize_key",
        "sanitize_html_class", "htmlspecialchars", "htmlentities", "urlencode", "rawurlencode", "number_format_i18n",
    ];

    public function register()
    {
        return [T_ECHO, T_PRINT, T_OPEN_TAG_WITH_ECHO];
    }

    public function process(File $file, $at)
    {
        $rest = Statement::rest($file, $at);
        if (Statement::hasRequest($rest) && !Statement::hasName($rest, self::ESCAPES)) {
            $file->addError("what came with the request is shown without being escaped", $at, "Unescaped");
        }
    }
}
