<?php
/** Text that becomes code. */

namespace Signpost\Sniffs\Security;

use PHP_CodeSniffer\Files\File;
use PHP_CodeSniffer\Sniffs\Sniff;

class EvaluatedCodeSniff implements Sniff
{

    public function register()
    {
        return [T_EVAL, T_STRING];
    }

    public function process(File $file, $at)
    {
        $token = $file->getTokens()[$at];
        if ($token["code"] === T_EVAL) {
            $file->addError("eval runs whatever text it is given", $at, "Eval");
        } elseif (strtolower($token["content"]) === "create_function" && Statement::isCall($file, $at)) {
            $file->addError("create_function is eval, and gone since PHP 8", $at, "CreateFunction");
        } elseif (strtolower($token["content"]) === "assert" && Statement::isCall($file, $at)) {
            $first = Statement::arguments($file, $at)[0]["code"] ?? null;
            if (in_array($first, [T_CONSTANT_ENCAPSED_STRING, T_DOUBLE_QUOTED_STRING], true)) {
                $file->addError("assert runs text as code before PHP 8", $at, "Assert");
            }
        }
    }
}
