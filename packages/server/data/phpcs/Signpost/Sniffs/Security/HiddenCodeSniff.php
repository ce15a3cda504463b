<?php
/** Code that does not want to be read. */

namespace Signpost\Sniffs\Security;

use PHP_CodeSniffer\Files\File;
use PHP_CodeSniffer\Sniffs\Sniff;

class HiddenCodeSniff implements Sniff
{
    private const DECODERS = ["base64_decode", "gzinflate", "gzuncompress", "gzdecode", "str_rot13", "hex2bin", "convert_uudecode"];
    private const DIRECTIONS = "/\xE2\x80[\xAA-\xAE]|\xE2\x81[\xA6-\xA9]/";

    public function register()
    {
        return [T_STRING, T_CONSTANT_ENCAPSED_STRING, T_COMMENT, T_VARIABLE];
    }

    public function process(File $file, $at)
    {
        $content = $file->getTokens()[$at]["content"];
        if (preg_match(self::DIRECTIONS, $content) === 1) {
            $file->addError("characters that turn the direction of writing hide what stands here", $at, "Direction");
        } elseif (preg_match("~^.[A-Za-z0-9+/=\s]{2000,}.\$~", $content) === 1) {
            $file->addWarning("a long encoded text: what is in it?", $at, "LongText");
        } elseif (in_array(strtolower($content), self::DECODERS, true) && Statement::isCall($file, $at)) {
            if (Statement::hasName(Statement::arguments($file, $at), self::DECODERS)) {
                $file->addError("%s of what is encoded twice", $at, "Nested", [$content]);
            }
        }
    }
}
