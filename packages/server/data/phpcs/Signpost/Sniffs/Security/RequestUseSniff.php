<?php
/** What came with a request decides what is loaded, unpacked or overwritten. */

namespace Signpost\Sniffs\Security;

use PHP_CodeSniffer\Files\File;
use PHP_CodeSniffer\Sniffs\Sniff;

class RequestUseSniff implements Sniff
{
    private const CALLS = [
        "unserialize", "maybe_unserialize", "extract", "call_user_func", "call_user_func_array", "file_put_contents", "unlink",
        "move_uploaded_file", "file_get_contents", "readfile", "fopen",
    ];
    /** Values of requests are what options are for; a request that names the option sets any of them. */
    private const NAMING_CALLS = ["update_option", "add_option", "update_site_option", "delete_option"];

    public function register()
    {
        return [T_STRING, T_INCLUDE, T_INCLUDE_ONCE, T_REQUIRE, T_REQUIRE_ONCE];
    }

    public function process(File $file, $at)
    {
        $token = $file->getTokens()[$at];
        if ($token["code"] !== T_STRING) {
            $rest = Statement::rest($file, $at);
            if (Statement::hasRequest($rest)) {
                $file->addError("the request decides which file is run", $at, "Include");
            } elseif (preg_match("~[\"\x27](?:https?|ftp|data|php)://?~i", implode("", array_column($rest, "content"))) === 1) {
                $file->addError("code from another host is run", $at, "RemoteInclude");
            }
        } elseif (in_array(strtolower($token["content"]), self::CALLS, true) && Statement::isCall($file, $at)) {
            if (Statement::hasRequest(Statement::arguments($file, $at))) {
                $file->addError("%s is given what came with the request", $at, "Call", [$token["content"]]);
            }
        } elseif (in_array(strtolower($token["content"]), self::NAMING_CALLS, true) && Statement::isCall($file, $at)) {
            if (Statement::hasRequest(Statement::firstArgument($file, $at))) {
                $file->addError("the request decides which option %s changes", $at, "Option", [$token["content"]]);
            }
        }
    }
}
