/** Rules of the linter: strict types, the import layers of the project, and one source of time. */
import { defineConfig, globalIgnores } from "eslint/config"
import { createNodeResolver, importX } from "eslint-plugin-import-x"
import tseslint from "typescript-eslint"
import { refusedWordsRule } from "./eslint/refusedWords.js"

const sources = ["src/**/*.ts", "machines/**/*.ts"]
/** Files that only a Node process loads: they may use Node and a driver. Nothing that `carillon` exports imports them. */
const nodeOnly = ["src/sqlite.ts", "src/store/sqlite/**/*.ts", "src/verify/verifyFile.ts", "src/cli/**/*.ts"]

/** Packages that a layer may be refused; `text` says where they belong. */
const packages = {
  rxjs: { group: ["rxjs", "rxjs/*"], text: "RxJS belongs in trigger/fireTimes, event, engine and scheduler." },
  xstate: { group: ["xstate", "xstate/*", "@xstate/*"], text: "XState belongs in machines, engine and scheduler." },
  calendar: { group: ["cron-parser", "cronstrue"], text: "Calendars belong in time and trigger." },
  luxon: {
    group: ["luxon"],
    text: "Values of luxon are told by their marks (src/time/luxonValues.ts): no bundle has luxon in it."
  },
  effectPackages: {
    group: ["@effect/*"],
    text: "Effect's platform and SQL packages belong in a store's adapter file."
  },
  drivers: { group: ["better-sqlite3"], text: "A driver belongs in its own adapter file." },
  effectRuntime: { group: ["effect/*"], text: 'Only effect\'s plain data, by name from "effect".' },
  node: { group: ["node:*"], text: "No Node built-in: the core runs in a browser." }
}

/** Effect's modules that are data and pure functions. */
const plainData = ["Brand", "Data", "Duration", "Effectable", "Either", "Option", "ParseResult", "Schema"]

const refuse = (names, { plainEffect = false, types = [] } = {}) => ({
  "@typescript-eslint/no-restricted-imports": [
    "error",
    {
      paths: plainEffect
        ? [
            {
              name: "effect",
              allowImportNames: plainData,
              message: `Here only effect's plain data: ${plainData.join(", ")}.`
            }
          ]
        : [],
      patterns: [...names, "luxon"].map((name) => ({
        group: packages[name].group,
        message: packages[name].text,
        allowTypeImports: types.includes(name)
      }))
    }
  ]
})

/** The layers, lowest first: a row may import itself and the rows above it. */
const layers = [
  ["src/input"],
  ["src/time", "src/trigger", "src/job"],
  ["machines"],
  ["src/event", "src/trigger/fireTimes.ts"],
  ["src/contract", "src/task", "src/store", "src/executor"],
  ["src/engine"],
  ["src/verify"],
  ["src/scheduler"],
  ["src/outbox"],
  ["src/index.ts", "src/effect.ts", "src/sqlite.ts", "src/cronParser.ts", "src/outbox.ts", "src/testing.ts"],
  ["src/cli"],
  ["test", "examples", "bench"]
]

const layerZones = layers.slice(0, -1).flatMap((row, index) =>
  row.map((target) => ({
    // `fireTimes.ts` lies in the folder of the first layer and belongs to the third.
    target: target === "src/trigger" ? ["./src/trigger/!(fireTimes).ts", "./src/trigger/*/**"] : `./${target}`,
    from: layers
      .slice(index + 1)
      .flat()
      .map((path) => `./${path}`),
    message: "A layer imports itself and the layers above it, never one below."
  }))
)
const nodeOnlyZone = {
  target: ["./src", "./machines"],
  from: ["./src/store/sqlite/**", "./src/verify/*File.ts", "./src/cli/**"],
  message: "Only carillon/sqlite loads SQLite; everything else runs in a browser."
}
const restrictedPaths = (zones) => ({
  "import-x/no-restricted-paths": ["error", { basePath: import.meta.dirname, zones }]
})

const clockText = "Only Effect's Clock knows the time; take `now` or Timers as an argument."
const randomText = "No randomness: seed it from the job and the fire time."
const property = (object, property, message) => ({ object, property, message })
const syntax = (selector, message) => ({ selector, message })

const bannedSyntax = [
  syntax("TSEnumDeclaration", "A choice is a union, not an enum."),
  syntax("NewExpression[callee.name='Date'][arguments.length=0]", clockText),
  syntax("CallExpression[callee.name='Date']", clockText)
]
const noSubscribe = syntax(
  "CallExpression[callee.property.name='subscribe']",
  "Only the engine subscribes: hand the Observable on."
)

export default defineConfig(
  globalIgnores(["dist/", "coverage/", ".report/"]),
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    plugins: { "import-x": importX, words: { rules: { refused: refusedWordsRule } } },
    settings: {
      "import-x/resolver-next": [createNodeResolver({ extensions: [".ts", ".tsx", ".js", ".json"] })],
      // Cycles are looked for in files of these kinds only, so not in the packages.
      "import-x/extensions": [".ts", ".tsx"]
    },
    rules: { eqeqeq: "error", "no-var": "error", "prefer-const": "error", "object-shorthand": "error" }
  },
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      // `return apply(state)` in a switch is how a step without a value reads best.
      "@typescript-eslint/no-confusing-void-expression": "off",
      // `class NotFound extends Data.TaggedError(...)` often has an empty body.
      "@typescript-eslint/no-extraneous-class": ["error", { allowWithDecorator: true, allowEmpty: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // No contract's method uses `this`: services are records of functions and are taken apart freely.
      "@typescript-eslint/unbound-method": "off",
      // An async function without await turns what it throws into a rejection.
      "@typescript-eslint/require-await": "off",
      // Effect.gen and Effect<void> need both.
      "require-yield": "off",
      "@typescript-eslint/no-invalid-void-type": "off",
      "no-restricted-syntax": ["error", ...bannedSyntax.slice(0, 1)],
      "import-x/no-cycle": ["error", { ignoreExternal: true }],
      "import-x/no-self-import": "error",
      ...restrictedPaths(layerZones)
    }
  },
  {
    files: sources,
    rules: {
      "no-console": "error",
      "words/refused": "error",
      "import-x/no-default-export": "error"
    }
  },

  // One source of time, and none of chance.
  {
    files: sources,
    ignores: ["src/engine/clock.ts"],
    rules: {
      "no-restricted-globals": [
        "error",
        ...["setTimeout", "setInterval", "setImmediate", "performance"].map((name) => ({ name, message: clockText })),
        { name: "crypto", message: randomText }
      ],
      "no-restricted-properties": [
        "error",
        property("Date", "now", clockText),
        property("performance", "now", clockText),
        property("Math", "random", randomText),
        ...["setTimeout", "setInterval", "setImmediate", "performance"].map((name) =>
          property("globalThis", name, clockText)
        )
      ]
    }
  },
  {
    files: sources,
    ignores: ["src/engine/clock.ts"],
    rules: { "no-restricted-syntax": ["error", ...bannedSyntax, noSubscribe] }
  },
  {
    // Those that meet RxJS for others: what a task gives, and the stream of the Effect face.
    files: ["src/engine/**/*.ts", "src/task/taskValue.ts", "src/task/actorLogic.ts", "src/scheduler/effectStream.ts"],
    ignores: ["src/engine/clock.ts"],
    rules: { "no-restricted-syntax": ["error", ...bannedSyntax] }
  },

  // The import layers: packages.
  {
    files: ["src/time/**/*.ts", "src/trigger/**/*.ts"],
    rules: refuse(["effectRuntime", "effectPackages", "drivers", "rxjs", "xstate", "node"], { plainEffect: true })
  },
  {
    files: ["src/job/**/*.ts"],
    rules: refuse(["effectRuntime", "effectPackages", "drivers", "rxjs", "xstate", "node", "calendar"], {
      plainEffect: true
    })
  },
  {
    files: ["machines/**/*.ts"],
    rules: refuse(["effectRuntime", "effectPackages", "drivers", "rxjs", "node", "calendar"], { plainEffect: true })
  },
  {
    files: ["src/trigger/fireTimes.ts"],
    rules: refuse(["effectRuntime", "effectPackages", "drivers", "xstate", "node"], { plainEffect: true })
  },
  {
    files: ["src/event/**/*.ts"],
    rules: refuse(["effectPackages", "drivers", "xstate", "node", "calendar"])
  },
  {
    files: ["src/task/**/*.ts", "src/executor/**/*.ts"],
    rules: refuse(["effectPackages", "drivers", "rxjs", "xstate", "node", "calendar"], { types: ["rxjs", "xstate"] })
  },
  // A task may be an Observable or XState actor logic; a file for each runs them.
  {
    files: ["src/task/taskValue.ts", "src/task/actorLogic.ts"],
    rules: refuse(["effectPackages", "drivers", "node", "calendar"])
  },
  {
    files: ["src/store/**/*.ts"],
    rules: refuse(["effectPackages", "drivers", "rxjs", "xstate", "node", "calendar"])
  },
  {
    files: ["src/engine/**/*.ts", "src/verify/**/*.ts", "src/scheduler/**/*.ts", "src/*.ts"],
    rules: refuse(["effectPackages", "drivers", "node", "calendar"], { types: ["calendar"] })
  },
  { files: nodeOnly, rules: refuse(["rxjs", "xstate", "calendar"]) },
  { files: sources, ignores: nodeOnly, rules: restrictedPaths([...layerZones, nodeOnlyZone]) },
  {
    files: ["examples/**/*.ts", "examples/**/*.tsx"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "(^|/)\\.\\./(?:.*/)?(src|machines|dist|test)/",
              message: "An example imports the public entries only."
            }
          ]
        }
      ]
    }
  },
  {
    files: ["test/**/*.ts", "test/**/*.tsx", "examples/**/*.ts", "examples/**/*.tsx", "bench/**/*.ts"],
    rules: {
      // Tests hand functions about and break contracts on purpose; examples keep their lines short.
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/only-throw-error": "off",
      "@typescript-eslint/prefer-promise-reject-errors": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off"
    }
  }
)
