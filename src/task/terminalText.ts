/** Text of anybody's on its way to a terminal: it must not move the cursor, set a title or hide what follows. */

/**
 * Control and format characters (direction marks among them) and line separators as `\uXXXX`, which inside of JSON text is the same
 * text. `lines`: line feeds stay. At most `max` characters.
 */
export const terminalText = (text: string, { lines = false, max = 2_000 } = {}): string => {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text
  return cut.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (letter) =>
    lines && letter === "\n" ? letter : escaped(letter)
  )
}

/** A format character beyond 16 bits is two such. */
const escaped = (letter: string): string =>
  Array.from({ length: letter.length }, (_, at) => `\\u${letter.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")
