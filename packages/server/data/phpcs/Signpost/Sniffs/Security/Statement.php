<?php
/** What the sniffs have to ask about the statement that a token stands in. */

namespace Signpost\Sniffs\Security;

use PHP_CodeSniffer\Files\File;
use PHP_CodeSniffer\Util\Tokens;

final class Statement
{
    /** What comes from whoever asks. */
    public const REQUEST = ['$_GET', '$_POST', '$_REQUEST', '$_COOKIE', '$_FILES', '$_SERVER', '$HTTP_RAW_POST_DATA'];

    /** Whether the token is the name of a function that is called, and not of a method or a declaration. */
    public static function isCall(File $file, int $at): bool
    {
        $tokens = $file->getTokens();
        $next = $file->findNext(Tokens::$emptyTokens, $at + 1, null, true);
        $before = $file->findPrevious(Tokens::$emptyTokens, $at - 1, null, true);
        $named = [T_OBJECT_OPERATOR, T_NULLSAFE_OBJECT_OPERATOR, T_DOUBLE_COLON, T_FUNCTION, T_NEW];
        return $next !== false && $tokens[$next]['code'] === T_OPEN_PARENTHESIS
            && ($before === false || !in_array($tokens[$before]['code'], $named, true));
    }

    /** The tokens between the parentheses of a call. */
    public static function arguments(File $file, int $at): array
    {
        $tokens = $file->getTokens();
        $open = $file->findNext(T_OPEN_PARENTHESIS, $at);
        $close = $tokens[$open]['parenthesis_closer'] ?? null;
        return $close === null ? [] : array_slice($tokens, $open + 1, $close - $open - 1);
    }

    /** The tokens of the first argument of a call. */
    public static function firstArgument(File $file, int $at): array
    {
        $arguments = self::arguments($file, $at);
        $depth = count($arguments[0]['nested_parenthesis'] ?? []);
        foreach ($arguments as $index => $token) {
            if ($token['code'] === T_COMMA && count($token['nested_parenthesis'] ?? []) === $depth) {
                return array_slice($arguments, 0, $index);
            }
        }
        return $arguments;
    }

    /** The tokens from the one after this to the end of the statement. */
    public static function rest(File $file, int $at): array
    {
        $end = $file->findNext([T_SEMICOLON, T_CLOSE_TAG], $at + 1) ?: $file->numTokens;
        return array_slice($file->getTokens(), $at + 1, $end - $at - 1);
    }

    /** Whether one of the tokens is from the request. */
    public static function hasRequest(array $tokens): bool
    {
        foreach ($tokens as $token) {
            if ($token['code'] === T_VARIABLE && in_array($token['content'], self::REQUEST, true)) {
                return true;
            }
        }
        return false;
    }

    /** Whether one of the tokens is a name from the list. */
    public static function hasName(array $tokens, array $names): bool
    {
        foreach ($tokens as $token) {
            if ($token['code'] === T_STRING && in_array(strtolower($token['content']), $names, true)) {
                return true;
            }
        }
        return false;
    }
}
