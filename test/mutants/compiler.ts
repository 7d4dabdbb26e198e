/** Changes that the type check refuses: nobody can make them without being told, so no test need tell. */
import { join } from "node:path"
import ts from "typescript"

/** `texts` that bring an error into `file` which its own text, `text`, has not; by their index. */
export const refusedTexts = (
  root: string,
  file: string,
  text: string,
  texts: ReadonlyArray<string>
): ReadonlySet<number> => {
  if (texts.length === 0) return new Set()
  // Each text is a file beside the changed one, so that one program checks them all.
  const path = join(root, file)
  const nameOf = (index: number): string => `${path.slice(0, -3)}.${index}.ts`
  const copies = new Map([text, ...texts].map((copy, index) => [nameOf(index), copy]))
  const config = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root)
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (name) => copies.has(name) || fileExists(name)
  host.readFile = (name) => copies.get(name) ?? readFile(name)
  host.getSourceFile = (name, ...rest) => {
    const copy = copies.get(name)
    if (copy !== undefined) return ts.createSourceFile(name, copy, rest[0], true)
    const known = sourceFiles.get(name) ?? getSourceFile(name, ...rest)
    sourceFiles.set(name, known)
    return known
  }
  const program = ts.createProgram([...copies.keys()], { ...options, ...quiet }, host)
  const errors = [...copies.keys()].map((name) => {
    const source = program.getSourceFile(name)
    return source === undefined ? 0 : program.getSemanticDiagnostics(source).length
  })
  const [own = 0, ...others] = errors
  return new Set(others.flatMap((count, index) => (count > own ? [index] : [])))
}

/** Files that are not changed, parsed once. */
const sourceFiles = new Map<string, ts.SourceFile | undefined>()

/** What is left unused or unreached is no error of types. */
const quiet: ts.CompilerOptions = { noUnusedLocals: false, noUnusedParameters: false, allowUnreachableCode: true }
