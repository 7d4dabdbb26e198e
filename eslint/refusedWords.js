/**
 * Words that mean nothing outside this project, or something else to those who know the field, each with the one to use. A rule looks at
 * every name that a file declares or exports, one word of it after another: `lookAgain` is `look` and `again`.
 */
export const refusedWords = new Map([
  ["lane", "writer: what writes to one store"],
  ["lanes", "writers"],
  ["plan", "unit of work in the engine; a list of what is to happen in a simulation"],
  ["home", "what it is: a store, an order's source, an attempt's owner"],
  ["homes", "what they are"],
  ["homeless", "what is missing: its executor, its task"],
  ["ground", "environment"],
  ["surroundings", "environment"],
  ["setting", "environment; a user's choices are options"],
  ["honest", "checked"],
  ["news", "signals, reports, events: what they are"],
  ["look", "wake, probe, check, read: what is done"],
  ["looks", "what is counted"],
  ["resident", "cached"],
  ["residents", "cache"],
  ["patiently", "retryWhileBusy, or how long it waits"],
  ["trouble", "error"],
  ["troubles", "errors"],
  ["troubled", "report"]
])

const wordsOf = (name) => name.split(/(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+/).map((word) => word.toLowerCase())

/** The name that a node gives to something, if it does. */
const declared = {
  VariableDeclarator: ({ id }) => id,
  FunctionDeclaration: ({ id }) => id,
  ClassDeclaration: ({ id }) => id,
  TSInterfaceDeclaration: ({ id }) => id,
  TSTypeAliasDeclaration: ({ id }) => id,
  PropertyDefinition: ({ key }) => key,
  MethodDefinition: ({ key }) => key,
  TSPropertySignature: ({ key }) => key,
  TSMethodSignature: ({ key }) => key
}

const phrases = ["put away", "set aside", "pass over", "homeless", "lane"]

/** The rule. It also refuses the words in comments that can only be meant so. */
export const refusedWordsRule = {
  meta: { type: "suggestion", schema: [], messages: { refused: '"{{word}}" says nothing to a newcomer: {{better}}.' } },
  create(context) {
    const check = (node) => {
      if (node?.type !== "Identifier") return
      for (const word of wordsOf(node.name)) {
        const better = refusedWords.get(word)
        if (better !== undefined) context.report({ node, messageId: "refused", data: { word, better } })
      }
    }
    const parameters = ({ params }) => {
      for (const parameter of params) check(parameter)
    }
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments())
          for (const word of phrases)
            if (new RegExp(`\\b${word}s?\\b`, "i").test(comment.value))
              context.report({ loc: comment.loc, messageId: "refused", data: { word, better: "say what is done" } })
      },
      ...Object.fromEntries(Object.entries(declared).map(([type, nameOf]) => [type, (node) => check(nameOf(node))])),
      FunctionExpression: parameters,
      ArrowFunctionExpression: parameters
    }
  }
}
