/**
 * Small changes to a source file that change what it does, read from its syntax tree. Not changed are types, imports and texts: a text
 * here is a tag, which the type check holds, or prose, which no test should repeat.
 */
import ts from "typescript"

export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
  /** The compiler may see that this can't be: a value is missing, or may be `undefined`. */
  readonly mayBeRefused: boolean
}

type Mutator = (node: ts.Node, source: ts.SourceFile) => ReadonlyArray<Omit<Edit, "mayBeRefused">>

/** Every change of a file, in the order of their places; of the same place in the order of the mutators. */
export const editsOf = (path: string, text: string): ReadonlyArray<Edit> => {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const checkedHere = path.startsWith("machines/") ? [...checked, properties] : checked
  const edits: Array<Edit> = []
  const visit = (node: ts.Node): void => {
    if (isUnchanged(node)) return
    for (const mutator of possible)
      edits.push(...mutator(node, source).map((edit) => ({ ...edit, mayBeRefused: false })))
    for (const mutator of checkedHere)
      edits.push(...mutator(node, source).map((edit) => ({ ...edit, mayBeRefused: true })))
    ts.forEachChild(node, visit)
  }
  visit(source)
  return edits.filter((edit, index) => edits.findIndex((earlier) => sameEdit(earlier, edit)) === index)
}

const sameEdit = (a: Edit, b: Edit): boolean => a.start === b.start && a.end === b.end && a.text === b.text

const isUnchanged = (node: ts.Node): boolean =>
  ts.isTypeNode(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isImportDeclaration(node) ||
  ts.isExportDeclaration(node) ||
  ts.isHeritageClause(node)

const replaced = (node: ts.Node, source: ts.SourceFile, ...texts: ReadonlyArray<string>): ReturnType<Mutator> =>
  texts.map((text) => ({ start: node.getStart(source), end: node.end, text }))

/** A condition is always met, or never. A loop that always goes on only costs time until it is cut off. */
const conditions: Mutator = (node, source) => {
  if (ts.isIfStatement(node)) return forced(node.expression, source, "true", "false")
  if (ts.isConditionalExpression(node)) return forced(node.condition, source, "true", "false")
  if (ts.isWhileStatement(node) || ts.isDoStatement(node)) return forced(node.expression, source, "false")
  if (ts.isForStatement(node) && node.condition !== undefined) return forced(node.condition, source, "false")
  return []
}

const forced = (test: ts.Expression, source: ts.SourceFile, ...texts: ReadonlyArray<string>): ReturnType<Mutator> =>
  isBooleanWord(test) ? [] : replaced(test, source, ...texts)

const isBooleanWord = (node: ts.Node): boolean =>
  node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword

/** One side of `&&`, `||` and `??` is left out; `??=` assigns in any case. */
const sides: Mutator = (node, source) => {
  if (!ts.isBinaryExpression(node)) return []
  const kind = node.operatorToken.kind
  if (kind === ts.SyntaxKind.QuestionQuestionEqualsToken) return replaced(node.operatorToken, source, "=")
  return kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.QuestionQuestionToken
    ? replaced(node, source, node.left.getText(source), node.right.getText(source))
    : []
}

/** A bound moves by one. Outside of a condition, which is forced already, a comparison is turned round too. */
const comparisons: Mutator = (node, source) => {
  if (!ts.isBinaryExpression(node)) return []
  const { moved, turned } = comparisonOf.get(node.operatorToken.kind) ?? {}
  return replaced(
    node.operatorToken,
    source,
    ...(moved === undefined ? [] : [moved]),
    ...(turned === undefined || isForced(node) ? [] : [turned])
  )
}

const comparisonOf: ReadonlyMap<ts.SyntaxKind, { readonly moved?: string; readonly turned: string }> = new Map([
  [ts.SyntaxKind.LessThanToken, { moved: "<=", turned: ">=" }],
  [ts.SyntaxKind.LessThanEqualsToken, { moved: "<", turned: ">" }],
  [ts.SyntaxKind.GreaterThanToken, { moved: ">=", turned: "<=" }],
  [ts.SyntaxKind.GreaterThanEqualsToken, { moved: ">", turned: "<" }],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, { turned: "!==" }],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, { turned: "===" }]
])

/** Whether an edit of what is around it says already that this value is always true, or always false. */
const isForced = (node: ts.Expression): boolean => {
  const { parent } = node
  if (ts.isParenthesizedExpression(parent)) return isForced(parent)
  if (ts.isPrefixUnaryExpression(parent) && parent.operator === ts.SyntaxKind.ExclamationToken) return isForced(parent)
  if (ts.isBinaryExpression(parent))
    return (
      parent.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken ||
      parent.operatorToken.kind === ts.SyntaxKind.BarBarToken
    )
  return (
    ts.isIfStatement(parent) ||
    ts.isWhileStatement(parent) ||
    ts.isDoStatement(parent) ||
    ts.isForStatement(parent) ||
    (ts.isConditionalExpression(parent) && parent.condition === node)
  )
}

const arithmetic: Mutator = (node, source) => {
  if (ts.isBinaryExpression(node)) {
    if (isText(node.left) || isText(node.right)) return []
    const operator = otherOperator.get(node.operatorToken.kind)
    return operator === undefined ? [] : replaced(node.operatorToken, source, operator)
  }
  if (ts.isPostfixUnaryExpression(node))
    return [
      {
        start: node.operand.end,
        end: node.end,
        text: node.operator === ts.SyntaxKind.PlusPlusToken ? "--" : "++"
      }
    ]
  if (!ts.isPrefixUnaryExpression(node)) return []
  const operand = node.operand.getText(source)
  switch (node.operator) {
    case ts.SyntaxKind.PlusPlusToken:
      return replaced(node, source, `--${operand}`)
    case ts.SyntaxKind.MinusMinusToken:
      return replaced(node, source, `++${operand}`)
    case ts.SyntaxKind.ExclamationToken:
      return isForced(node) ? [] : replaced(node, source, operand)
    case ts.SyntaxKind.MinusToken:
    case ts.SyntaxKind.TildeToken:
      return replaced(node, source, operand)
    default:
      return []
  }
}

const otherOperator: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.PlusToken, "-"],
  [ts.SyntaxKind.MinusToken, "+"],
  [ts.SyntaxKind.AsteriskToken, "/"],
  [ts.SyntaxKind.SlashToken, "*"],
  [ts.SyntaxKind.PercentToken, "*"],
  [ts.SyntaxKind.AmpersandToken, "|"],
  [ts.SyntaxKind.BarToken, "&"],
  [ts.SyntaxKind.CaretToken, "&"],
  [ts.SyntaxKind.LessThanLessThanToken, ">>"],
  [ts.SyntaxKind.GreaterThanGreaterThanToken, "<<"],
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken, "<<"],
  [ts.SyntaxKind.PlusEqualsToken, "-="],
  [ts.SyntaxKind.MinusEqualsToken, "+="],
  [ts.SyntaxKind.AsteriskEqualsToken, "/="],
  [ts.SyntaxKind.SlashEqualsToken, "*="],
  [ts.SyntaxKind.AmpersandEqualsToken, "|="],
  [ts.SyntaxKind.BarEqualsToken, "&="]
])

const isText = (node: ts.Expression): boolean =>
  ts.isStringLiteralLike(node) ||
  ts.isTemplateExpression(node) ||
  (ts.isBinaryExpression(node) && (isText(node.left) || isText(node.right)))

/** A number is one more, a boolean the other one. */
const literals: Mutator = (node, source) => {
  if (isBooleanWord(node)) return replaced(node, source, node.kind === ts.SyntaxKind.TrueKeyword ? "false" : "true")
  if (!ts.isNumericLiteral(node) || (ts.isPropertyAssignment(node.parent) && node.parent.name === node)) return []
  // Of a negative number the sign is taken.
  if (ts.isPrefixUnaryExpression(node.parent)) return []
  return replaced(node, source, String(Number(node.text) + 1))
}

/** A statement that only does something is left out. */
const statements: Mutator = (node, source) => {
  const leavesEarly =
    ts.isContinueStatement(node) ||
    ts.isThrowStatement(node) ||
    (ts.isBreakStatement(node) && !ts.isCaseClause(node.parent)) ||
    (ts.isReturnStatement(node) && node.expression === undefined)
  const does = ts.isExpressionStatement(node) && !ts.isStringLiteral(node.expression) && !isSuperCall(node.expression)
  return leavesEarly || does ? replaced(node, source, "{}") : []
}

const isSuperCall = (node: ts.Expression): boolean =>
  ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword

const cases: Mutator = (node, source) => (ts.isCaseClause(node) ? replaced(node, source, "") : [])

/** A call is another one, or is left out of a chain. */
const calls: Mutator = (node, source) => {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return []
  const { name, expression: receiver } = node.expression
  const of = receiver.getText(source)
  const other = otherMath.get(name.text)
  if (of === "Math") return other === undefined ? [] : replaced(name, source, other)
  const otherName = otherMethod.get(name.text)
  if (otherName !== undefined) return replaced(name, source, otherName)
  return leftOut.has(name.text) ? replaced(node, source, of) : []
}

const bothWays = (pairs: ReadonlyArray<readonly [string, string]>): ReadonlyMap<string, string> =>
  new Map(pairs.flatMap(([one, other]) => [[one, other] as const, [other, one] as const]))

const otherMath = bothWays([
  ["min", "max"],
  ["floor", "ceil"]
])

const otherMethod = bothWays([
  ["some", "every"],
  ["find", "findLast"],
  ["findIndex", "findLastIndex"],
  ["indexOf", "lastIndexOf"],
  ["startsWith", "endsWith"],
  ["push", "unshift"],
  ["pop", "shift"]
])

const leftOut: ReadonlySet<string> = new Set([
  ...["filter", "sort", "toSorted", "reverse", "toReversed", "slice"],
  ...["trim", "toLowerCase", "toUpperCase"]
])

/** A list is empty, or one of what is spread into it is missing. */
const lists: Mutator = (node, source) => {
  if (!ts.isArrayLiteralExpression(node) || node.elements.length === 0) return []
  const spreads = node.elements.filter(ts.isSpreadElement)
  return spreads.length === 0
    ? replaced(node, source, "[]")
    : spreads.map((spread) => withoutEntry(spread, node.elements, source))
}

/** What is spread into an object is missing; so is a property that stands after it, for a spread value would be kept. */
const spreads: Mutator = (node, source) => {
  if (!ts.isObjectLiteralExpression(node)) return []
  const first = node.properties.findIndex(ts.isSpreadAssignment)
  return first === -1
    ? []
    : node.properties.slice(first).map((property) => withoutEntry(property, node.properties, source))
}

/** In a machine every property is a rule: a guard, a target, an action. */
const properties: Mutator = (node, source) =>
  ts.isObjectLiteralExpression(node)
    ? node.properties.map((property) => withoutEntry(property, node.properties, source))
    : []

/** Takes out `entry`, with the comma that follows it. */
const withoutEntry = (
  entry: ts.Node,
  entries: ts.NodeArray<ts.Node>,
  source: ts.SourceFile
): ReturnType<Mutator>[number] => {
  const next = entries[entries.indexOf(entry) + 1]
  const start = entry.getStart(source)
  return { start, end: next === undefined ? entry.end : next.getStart(source), text: "" }
}

/** `a?.b` is `a.b`. */
const optionalChains: Mutator = (node, source) => {
  if (ts.isPropertyAccessExpression(node) && node.questionDotToken !== undefined)
    return replaced(node.questionDotToken, source, ".")
  const isBracketed = ts.isElementAccessExpression(node) || ts.isCallExpression(node)
  return isBracketed && node.questionDotToken !== undefined ? replaced(node.questionDotToken, source, "") : []
}

const possible: ReadonlyArray<Mutator> = [conditions, comparisons, arithmetic, literals, statements]
const checked: ReadonlyArray<Mutator> = [sides, cases, calls, lists, spreads, optionalChains]
