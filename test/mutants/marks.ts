/**
 * Marks in a source file that tell which tests come by where, and that end a loop which a change made endless. They stand where control
 * may part: before statements, in the branches of `?:`, behind `&&`, `||` and `??`, in the bodies of arrows, in defaults.
 */
import ts from "typescript"

export interface Marked {
  readonly text: string
  /** What each mark stands for, by its place in the file's text; the first has the number `firstMark`. */
  readonly marks: ReadonlyArray<{ readonly start: number; readonly end: number }>
}

/** `text` with loops that count their turns, as a machine's arrows do, which are called in the loops of XState, and with marks where `firstMark` is given. */
export const marked = (path: string, text: string, firstMark?: number): Marked => {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const isMachine = path.startsWith("machines/")
  const marks: Array<{ start: number; end: number }> = []
  const insertions: Array<{ readonly at: number; readonly text: string; readonly closes: boolean }> = []
  const insert = (at: number, inserted: string, closes = false) => insertions.push({ at, text: inserted, closes })
  const mark = (node: ts.Node): string => {
    marks.push({ start: node.getStart(source), end: node.end })
    return `globalThis.mutants.passed[${(firstMark ?? 0) + marks.length - 1}] = 1`
  }
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return
    if (ts.isIterationStatement(node, false)) {
      insert(node.statement.getStart(source), "{ globalThis.mutants.turn(); ")
      insert(node.statement.end, " }", true)
    }
    if (isMachine && ts.isArrowFunction(node) && !ts.isBlock(node.body)) {
      insert(node.body.getStart(source), "(globalThis.mutants.turn(), (")
      insert(node.body.end, "))", true)
    }
    if (firstMark !== undefined) {
      if (isListed(node)) insert(node.getStart(source), `;${mark(node)}; `)
      if (isParting(node)) {
        insert(node.getStart(source), `(${mark(node)}, (`)
        insert(node.end, "))", true)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return { text: inserted(text, insertions), marks }
}

/** A statement in a list, before which another may stand. */
const isListed = (node: ts.Node): boolean => {
  const { parent } = node
  if (!ts.isStatement(node) || ts.isImportDeclaration(node)) return false
  if (ts.isFunctionDeclaration(node)) return false
  return ts.isBlock(parent) || ts.isSourceFile(parent) || ts.isCaseOrDefaultClause(parent)
}

/** An expression that is reached or not, and stands where one in brackets may stand. */
const isParting = (node: ts.Node): boolean => {
  const { parent } = node
  if (!ts.isExpression(node)) return false
  if (ts.isConditionalExpression(parent)) return node !== parent.condition
  if (ts.isArrowFunction(parent)) return node === parent.body
  if (ts.isBinaryExpression(parent)) return node === parent.right && shortCuts.has(parent.operatorToken.kind)
  return (
    (ts.isParameter(parent) || ts.isBindingElement(parent) || ts.isPropertyDeclaration(parent)) &&
    node === parent.initializer
  )
}

const shortCuts: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken
])

/** What opens stands in the order in which it was found, from the outside in; what closes the other way. */
const inserted = (
  text: string,
  insertions: ReadonlyArray<{ readonly at: number; readonly text: string; readonly closes: boolean }>
): string => {
  const byPlace = new Map<number, { opening: string; closing: string }>()
  for (const insertion of insertions) {
    const place = byPlace.get(insertion.at) ?? { opening: "", closing: "" }
    byPlace.set(insertion.at, place)
    if (insertion.closes) place.closing = insertion.text + place.closing
    else place.opening += insertion.text
  }
  const places = [...byPlace].sort(([a], [b]) => a - b)
  let result = ""
  let from = 0
  for (const [at, { opening, closing }] of places) {
    result += text.slice(from, at) + closing + opening
    from = at
  }
  return result + text.slice(from)
}
