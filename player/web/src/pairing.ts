/** The pairing screen, and what an operator must know before there is a programme. */

const screen = document.querySelector<HTMLElement>("#pairing")
const code = document.querySelector<HTMLElement>("#code")
const note = document.querySelector<HTMLElement>("#note")

export function sayCode(text: string): void {
  show(true, `${text.slice(0, 4)} ${text.slice(4)}`, "")
}

export function sayNote(text: string): void {
  show(false, "", text)
}

export function sayNothing(): void {
  show(false, "", "")
}

function show(pairing: boolean, digits: string, words: string): void {
  if (!screen || !code || !note) return
  screen.hidden = !pairing
  note.hidden = words === ""
  code.textContent = digits
  note.textContent = words
}
