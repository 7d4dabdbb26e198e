/** What the package exports, as its users' editors see it: names, their members, and the documentation of each. */
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** The sources of the entries, by the name that they are imported under. */
const entries: Readonly<Record<string, string>> = {
  carillon: "src/index.ts",
  "carillon/effect": "src/effect.ts",
  "carillon/sqlite": "src/sqlite.ts",
  "carillon/cron-parser": "src/cronParser.ts",
  "carillon/outbox": "src/outbox.ts",
  "carillon/machines": "machines/index.ts",
  "carillon/testing": "src/testing.ts"
}

/** A name, or a member of one, such as `carillon JobRecord.name`. */
export interface Documented {
  readonly name: string
  readonly documentation: string
  /** `file:line` of its declaration. */
  readonly where: string
}

export interface PublicSurface {
  /** Every exported name and every member, each once. */
  readonly names: ReadonlyArray<Documented>
  /** The type that a source file, from the root, exports by that name. Throws when there is none. */
  readonly type: (file: string, name: string) => ts.Type
  readonly checker: ts.TypeChecker
}

/** The documentation of a symbol, that of what it stands for included: what an editor shows. */
export const documentationOf = (symbol: ts.Symbol, checker: ts.TypeChecker): string =>
  ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim()

export const publicSurface = (): PublicSurface => {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile) as { readonly config: object }
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root)
  const program = ts.createProgram(
    Object.values(entries).map((file) => join(root, file)),
    { ...options, noEmit: true }
  )
  const checker = program.getTypeChecker()
  const exportsOf = (file: string): ReadonlyArray<ts.Symbol> => {
    const source = program.getSourceFile(join(root, file))
    const module = source === undefined ? undefined : checker.getSymbolAtLocation(source)
    return module === undefined ? [] : checker.getExportsOfModule(module).map((symbol) => resolved(checker, symbol))
  }
  const type = (file: string, name: string): ts.Type => {
    const found = exportsOf(file).find((symbol) => symbol.name === name)
    if (found === undefined) throw new Error(`${file} exports no ${name}`)
    return checker.getDeclaredTypeOfSymbol(found)
  }
  const walk = new Walk(checker)
  const all = Object.entries(entries).flatMap(([entry, file]) => exportsOf(file).map((symbol) => ({ entry, symbol })))
  // A union's parts mostly have names of their own, by which their members are then called.
  const isUnion = ({ symbol }: (typeof all)[number]): boolean => checker.getDeclaredTypeOfSymbol(symbol).isUnion()
  for (const { entry, symbol } of [...all.filter((each) => !isUnion(each)), ...all.filter(isUnion)])
    walk.name(entry, symbol)
  return { names: walk.found, type, checker }
}

const resolved = (checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol

const isOurs = (declaration: ts.Node): boolean => {
  const path = relative(root, declaration.getSourceFile().fileName)
  return path.startsWith("src/") || path.startsWith("machines/")
}

const isPrivate = (symbol: ts.Symbol): boolean =>
  symbol.declarations?.some(
    (declaration) =>
      (ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0
  ) ?? false

class Walk {
  readonly found: Array<Documented> = []
  private readonly seen = new Set<ts.Symbol>()
  private readonly checker: ts.TypeChecker

  constructor(checker: ts.TypeChecker) {
    this.checker = checker
  }

  name(entry: string, symbol: ts.Symbol): void {
    if (this.seen.has(symbol) || !(symbol.declarations?.some(isOurs) ?? false)) return
    this.seen.add(symbol)
    const name = `${entry} ${symbol.name}`
    this.add(name, symbol)
    if (symbol.flags & (ts.SymbolFlags.Type | ts.SymbolFlags.Class))
      this.members(name, this.checker.getDeclaredTypeOfSymbol(symbol))
    if (symbol.flags & ts.SymbolFlags.Value) {
      const [declaration] = symbol.declarations ?? []
      if (declaration !== undefined) this.members(name, this.checker.getTypeOfSymbolAtLocation(symbol, declaration))
    }
  }

  private add(name: string, symbol: ts.Symbol): void {
    const documentation = documentationOf(symbol, this.checker)
    const declaration = symbol.declarations?.find(isOurs)
    const at = declaration === undefined ? "" : declaration.getSourceFile()
    const line =
      declaration === undefined || at === "" ? 0 : at.getLineAndCharacterOfPosition(declaration.getStart()).line + 1
    this.found.push({ name, documentation, where: at === "" ? "" : `${relative(root, at.fileName)}:${line}` })
  }

  /** Of a type: its properties, those of a union's members, and of what its functions take. */
  private members(name: string, type: ts.Type): void {
    if (type.isUnionOrIntersection()) for (const part of type.types) this.partOf(name, part)
    else this.partOf(name, type)
  }

  private partOf(name: string, type: ts.Type): void {
    for (const property of type.getProperties()) this.member(name, property)
    for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()])
      for (const parameter of signature.parameters) this.inline(`${name}(${parameter.name})`, parameter)
  }

  private member(of: string, symbol: ts.Symbol): void {
    // One of an error's that `Error` has too has several.
    const declaration = symbol.declarations?.find(isOurs)
    if (declaration === undefined || this.seen.has(symbol) || isPrivate(symbol)) return
    if (symbol.name === "message" || symbol.name === "prototype" || this.isDiscriminant(symbol, declaration)) return
    this.seen.add(symbol)
    // A member that two types share is asked for once.
    if (this.declared.has(declaration)) return
    this.declared.add(declaration)
    const name = `${of}.${symbol.name.startsWith("__@") ? `[${symbol.name.slice(3).replace(/@.*/, "")}]` : symbol.name}`
    this.add(name, symbol)
    // What a symbol of our own names is nobody's to read.
    if (!symbol.name.startsWith("__@")) this.inline(name, symbol)
  }

  /** The name that tells the members of a union apart says all there is to say. */
  private isDiscriminant(symbol: ts.Symbol, declaration: ts.Node): boolean {
    return symbol.name === "type" && this.checker.getTypeOfSymbolAtLocation(symbol, declaration).isStringLiteral()
  }

  private readonly declared = new Set<ts.Node>()

  /** What is written out where it is used has members of its own. */
  private inline(name: string, symbol: ts.Symbol): void {
    const declaration = symbol.declarations?.find(isOurs)
    if (declaration === undefined) return
    const type = this.checker.getTypeOfSymbolAtLocation(symbol, declaration)
    for (const given of type.isUnionOrIntersection() ? type.types : [type]) {
      // A list's items.
      const part =
        (this.checker.isArrayType(given) ? this.checker.getTypeArguments(given as ts.TypeReference)[0] : undefined) ??
        given
      const written = part.getSymbol()?.declarations?.[0]
      if (
        written !== undefined &&
        isOurs(written) &&
        (ts.isTypeLiteralNode(written) || ts.isFunctionTypeNode(written) || ts.isMethodSignature(written))
      )
        this.partOf(name, part)
    }
  }
}
