<?php
/** Programs that are started. */

namespace Signpost\Sniffs\Security;

use PHP_CodeSniffer\Files\File;
use PHP_CodeSniffer\Sniffs\Sniff;

class ShellSniff implements Sniff
{
    private const CALLS = ["exec", "shell_exec", "system", "passthru", "popen", "proc_open", "pcntl_exec"];

    public function register()
    {
        return [T_BACKTICK, T_STRING];
    }

    public function process(File $file, $at)
    {
        $token = $file->getTokens()[$at];
        if ($token["code"] === T_BACKTICK) {
            $file->addError("backticks start a program", $at, "Backtick");
            return ($file->findNext(T_BACKTICK, $at + 1) ?: $at) + 1;
        } elseif (in_array(strtolower($token["content"]), self::CALLS, true) && Statement::isCall($file, $at)) {
            $file->addError("%s starts a program", $at, "Call", [$token["content"]]);
        }
    }
}
