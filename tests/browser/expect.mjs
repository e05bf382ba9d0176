/** Fails, saying what was seen, unless the text matches. */
export function expect(text, pattern) {
  if (!pattern.test(text)) throw new Error(`expected ${pattern}, saw: ${text}`)
}
