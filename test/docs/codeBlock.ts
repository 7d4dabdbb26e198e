/** Fenced code blocks of the project's documents. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

export interface CodeBlock {
  /** Path from the root. */
  readonly document: string
  /** The fence's line, from 1; the code starts on the next. */
  readonly line: number
  /** First word after the fence, such as `ts`. */
  readonly language: string
  /** The words after it, such as `run`. */
  readonly words: ReadonlyArray<string>
  readonly code: string
}

/** Every block of README.md and docs, in reading order. A fence that is never closed runs to the end of its document. */
export const codeBlocks = (root: string): ReadonlyArray<CodeBlock> =>
  documents(root).flatMap((document) => blocksOf(document, readFileSync(join(root, document), "utf8")))

const documents = (root: string): ReadonlyArray<string> => {
  const guides = existsSync(join(root, "docs"))
    ? readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    : []
  return ["README.md", ...guides.map((name) => `docs/${name}`).sort()].filter(
    (path) => path.endsWith(".md") && existsSync(join(root, path))
  )
}

/** A fence is three or more backticks or tildes; it ends with as many of the same, and keeps its indentation out of the code. */
export const blocksOf = (document: string, text: string): ReadonlyArray<CodeBlock> => {
  const blocks: Array<CodeBlock> = []
  const lines = text.split("\n")
  for (let index = 0; index < lines.length; index++) {
    const opening = /^( *)(`{3,}|~{3,})([^`]*)$/.exec(lines[index] ?? "")
    if (opening === null) continue
    const [, indent = "", fence = "", info = ""] = opening
    const start = index + 1
    const length = lines.slice(start).findIndex((line) => closes(line, fence))
    const end = length === -1 ? lines.length : start + length
    const [language = "", ...words] = info.trim().split(/\s+/)
    const code = lines
      .slice(start, end)
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line.trimStart()))
    blocks.push({ document, line: start, language, words, code: code.join("\n") })
    index = end
  }
  return blocks
}

const closes = (line: string, fence: string): boolean => {
  const text = line.trim()
  return text.length >= fence.length && text === fence.charAt(0).repeat(text.length)
}
