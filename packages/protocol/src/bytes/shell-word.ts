/** Words of commands that are shown to be typed, or pasted, into a terminal (POSIX.1-2024, Shell Command Language, 2.2). */

/** A word as a shell takes it to the letter; without control characters, by which it could end a paste and type on by itself. */
export function quoteWord(word: string): string {
  const plain = word.replaceAll(/\p{Cc}/gu, ' ');
  // A shell may take a word that begins with = for the path of a program.
  return /^(?!=)[\w@%+=:,./-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", "'\\''")}'`;
}

/** A file in the folder that one is in: quoted where it must be, and never taken for an option. */
export function quoteFile(name: string): string {
  return quoteWord(name.startsWith('-') ? `./${name}` : name);
}
