/** Checks the types of code blocks, all in one program against the sources, each block a module of its own at the root. */
import { join } from "node:path"
import ts from "typescript"
import type { CodeBlock } from "./codeBlock.ts"

/** For each block, in their order, what the compiler says, as `document:line: message`. */
export const typecheck = (root: string, blocks: ReadonlyArray<CodeBlock>): ReadonlyArray<ReadonlyArray<string>> => {
  const paths = blocks.map((_, index) => join(root, `block${index}.ts`))
  const codeOf = new Map(blocks.map((block, index) => [paths[index], block.code]))
  const options = { ...projectOptions(root), noUnusedLocals: false, noUnusedParameters: false }
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  host.fileExists = (path) => codeOf.has(path) || fileExists(path)
  host.readFile = (path) => codeOf.get(path) ?? readFile(path)
  host.getSourceFile = (path, languageVersion) => {
    const text = host.readFile(path)
    return text === undefined ? undefined : ts.createSourceFile(path, text, languageVersion)
  }
  const program = ts.createProgram(paths, options, host)
  return blocks.map((block, index) => {
    const source = program.getSourceFile(paths[index] ?? "")
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((diagnostic) => {
      const { line } = source?.getLineAndCharacterOfPosition(diagnostic.start ?? 0) ?? { line: 0 }
      return `${block.document}:${block.line + 1 + line}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, " ")}`
    })
  })
}

const projectOptions = (root: string): ts.CompilerOptions => {
  const path = join(root, "tsconfig.json")
  const { config } = ts.readConfigFile(path, (file) => ts.sys.readFile(file)) as { readonly config: unknown }
  return ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, root).options
}
