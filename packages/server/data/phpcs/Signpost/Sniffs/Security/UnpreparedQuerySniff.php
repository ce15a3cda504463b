<?php
/** Statements of SQL that are put together from values. */

namespace Signpost\Sniffs\Security;

use PHP_CodeSniffer\Files\File;
use PHP_CodeSniffer\Sniffs\Sniff;

class UnpreparedQuerySniff implements Sniff
{
    private const METHODS = ["query", "get_results", "get_row", "get_col", "get_var"];

    public function register()
    {
        return [T_VARIABLE];
    }

    public function process(File $file, $at)
    {
        $tokens = $file->getTokens();
        if ($tokens[$at]["content"] !== "\$wpdb" || ($tokens[$at + 1]["code"] ?? null) !== T_OBJECT_OPERATOR) {
            return;
        }
        if (!in_array(strtolower($tokens[$at + 2]["content"] ?? ""), self::METHODS, true)) {
            return;
        }
        $arguments = Statement::arguments($file, $at + 2);
        if (Statement::hasName($arguments, ["prepare"])) {
            return;
        }
        if (Statement::hasRequest($arguments)) {
            $file->addError("a statement holds what came with the request", $at, "Request");
            return;
        }
        foreach ($arguments as $index => $token) {
            $isTable = $token["content"] === "\$wpdb" || ($arguments[$index - 1]["content"] ?? "") === "{";
            $isValue = $token["code"] === T_VARIABLE && !$isTable;
            $isFilled = $token["code"] === T_DOUBLE_QUOTED_STRING && preg_match("~\\$(?!wpdb\b)[A-Za-z_]~", $token["content"]) === 1;
            if (($isValue && count($arguments) > 1) || $isFilled) {
                $file->addWarning("a statement is put together without prepare()", $at, "Unprepared");
                return;
            }
        }
    }
}
