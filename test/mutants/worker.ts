/**
 * Vitest's worker process with a loop of its own: runs each file of tests once as it is, then for one change after the other those tests
 * that come by it, in modules loaded anew, until one fails. A whole process a change would take thirty times as long.
 */
import { appendFileSync } from "node:fs"
import { basename } from "node:path"
import { init, runBaseTests, setupEnvironment } from "vitest/worker"
import type { Plan, PlannedMutant, Verdict } from "./plan.ts"
import { Traces } from "./traces.ts"
import type { TestId } from "./traces.ts"

type RunTests = Parameters<typeof init>[0]["runTests"]
type WorkerState = Parameters<RunTests>[0]
type VitestTraces = Parameters<RunTests>[1]
type TestFile = WorkerState["ctx"]["files"][number]
type Rpc = WorkerState["rpc"]
type Resolved = Awaited<ReturnType<Rpc["resolve"]>>
type Fetched = Awaited<ReturnType<Rpc["fetch"]>>

/** How long a test may take as it is, and, beyond ten times that, with a change: this machine may be busy with other things. */
const mostRehearsalMs = 120_000
const mostWaitMs = 5_000

/** Loops that a file may turn while it is loaded, where there is no earlier run to go by. */
const mostTurnsOfLoading = 10_000_000

interface TestFileTrace {
  readonly file: TestFile
  readonly tests: ReadonlyArray<TestId>
  readonly betweenTests: ReadonlySet<number>
  /** What all its tests took, and the loading of it. */
  readonly tookMs: number
}

/** The tests of a file that come by a change. */
interface Chosen {
  readonly file: TestFile
  readonly tests: ReadonlyArray<TestId>
  readonly costMs: number
  /** What its whole file took, unchanged. */
  readonly tookMs: number
}

interface Change {
  readonly path: string
  readonly code: string
}

class MutantRuns {
  private readonly plan: Plan
  private readonly state: WorkerState
  private readonly traces: VitestTraces
  private readonly rpc: Rpc
  private change: Change | undefined = undefined
  /** The code of each module as it is, by its id. */
  private readonly unchanged = new Map<string, string>()
  private failure: string | undefined = undefined

  constructor(state: WorkerState, traces: VitestTraces) {
    this.plan = state.providedContext["mutants"] as Plan
    this.rpc = state.rpc
    this.traces = traces
    this.state = { ...state, rpc: this.listening(state.rpc) }
    globalThis.mutants = new Traces(this.plan.marks)
  }

  async run(): Promise<void> {
    const traced: Array<TestFileTrace> = []
    for (const file of this.state.ctx.files) {
      traced.push(await this.rehearse(file))
      if (this.failure !== undefined) return
    }
    for (const [mutant, planned] of this.plan.mutants.entries()) {
      this.tell({ _tag: "Started", mutant })
      this.change = await this.changeOf(planned, mutant)
      this.tell({ _tag: "Ended", mutant, ...(await this.judge(planned, traced)) })
    }
  }

  private tell(verdict: Verdict): void {
    appendFileSync(this.plan.verdicts, `${JSON.stringify(verdict)}\n`)
  }

  /** Runs a file of tests as it is. */
  private async rehearse(file: TestFile): Promise<TestFileTrace> {
    const { mutants } = globalThis
    const known = new Set(mutants.tests.keys())
    const startedAt = performance.now()
    await this.runFile(file, undefined, Number.POSITIVE_INFINITY, mostRehearsalMs)
    if (this.failure !== undefined) this.tell({ _tag: "Unfit", file: file.filepath, failure: this.failure })
    for (const mark of mutants.take()) mutants.betweenTests.add(mark)
    return {
      file,
      tests: [...mutants.tests.keys()].filter((test) => !known.has(test)),
      betweenTests: mutants.betweenTests,
      tookMs: performance.now() - startedAt
    }
  }

  private async judge(
    mutant: PlannedMutant,
    traced: ReadonlyArray<TestFileTrace>
  ): Promise<{ readonly by: string | null; readonly isCovered: boolean }> {
    const { mutants } = globalThis
    const chosen = chosenFor(mutant, traced)
    const isCovered = chosen.length > 0
    for (const { file, tests, tookMs } of chosen) {
      await this.runFile(file, new Set(tests), mostTurnsOfLoading, mostWaitMs + 10 * tookMs)
      if (mutants.isEndless) return { by: "an endless loop", isCovered }
      if (this.failure !== undefined) return { by: this.failure, isCovered }
    }
    return { by: null, isCovered }
  }

  private async changeOf({ path }: PlannedMutant, mutant: number): Promise<Change> {
    const module = await this.rpc.fetch(`${path}?mutant=${mutant}`, undefined, "ssr")
    if (!("code" in module)) throw new Error(`the server has no code of ${path}`)
    return { path, code: module.code }
  }

  private async runFile(
    file: TestFile,
    chosen: ReadonlySet<TestId> | undefined,
    mostTurns: number,
    testTimeout: number
  ): Promise<void> {
    this.forgetModules()
    this.failure = undefined
    globalThis.mutants.reset(chosen, mostTurns)
    const config = { ...this.state.config, testTimeout, hookTimeout: testTimeout }
    this.state.config = config
    this.state.ctx = { ...this.state.ctx, config, files: [file], invalidates: [] }
    await runBaseTests("run", this.state, this.traces)
  }

  /** Packages stay; what is the project's own is made anew, changed or as it is, so no cache of an earlier change is left. */
  private forgetModules(): void {
    for (const module of this.state.evaluatedModules.idToModuleMap.values()) {
      const { meta } = module
      if (meta === undefined || !("code" in meta)) continue
      const unchanged = this.unchanged.get(module.id) ?? meta.code
      this.unchanged.set(module.id, unchanged)
      module.meta = { ...meta, code: meta.file === this.change?.path ? this.change.code : unchanged }
      module.promise = undefined
      module.exports = undefined
      module.evaluated = false
      module.importers.clear()
    }
  }

  /** Vitest's reports stay in this process, and the first failure in them is kept. */
  private listening(rpc: Rpc): Rpc {
    const fail = (failure: string) => (this.failure ??= failure)
    const modules = new ModuleAnswers(rpc)
    const own: Partial<Record<keyof Rpc, unknown>> = {
      fetch: modules.fetch,
      resolve: modules.resolve,
      onQueued: () => undefined,
      onCollected: async (
        files: ReadonlyArray<{ readonly name: string; readonly result?: { readonly state: string } }>
      ) => {
        for (const { name, result } of files) if (result?.state === "fail") fail(name)
      },
      onTaskUpdate: async (
        packs: ReadonlyArray<
          readonly [
            id: string,
            result:
              { readonly state: string; readonly errors?: ReadonlyArray<{ readonly message: string }> } | undefined
          ]
        >
      ) => {
        for (const [id, result] of packs)
          if (result?.state === "fail") fail(`${id} ${result.errors?.[0]?.message ?? ""}`)
      },
      onUnhandledError: (error: unknown) => fail(String((error as { readonly message?: unknown }).message)),
      onUserConsoleLog: () => undefined,
      onAfterSuiteRun: () => undefined,
      onCancel: () => undefined,
      getCountOfFailedTests: () => 0,
      ensureModuleGraphEntry: () => undefined
    }
    return new Proxy(rpc, {
      get: (target, name): unknown => own[name as keyof Rpc] ?? Reflect.get(target, name)
    })
  }
}

/** The tests of its mirror first, for they are there to tell; then the cheapest, for most changes are found by many tests. */
const chosenFor = (mutant: PlannedMutant, traced: ReadonlyArray<TestFileTrace>): ReadonlyArray<Chosen> => {
  const passes = (marks: ReadonlySet<number>) => mutant.marks.some((mark) => marks.has(mark))
  const chosen = traced.flatMap(({ file, tests, betweenTests, tookMs }): ReadonlyArray<Chosen> => {
    const passing = passes(betweenTests) ? tests : tests.filter((test) => passes(passedBy(test)))
    if (passing.length === 0) return []
    const leftOutMs = tests.filter((test) => !passing.includes(test)).reduce((sum, test) => sum + tookMsOf(test), 0)
    const isMirror = basename(file.filepath, ".test.ts") === basename(mutant.path, ".ts")
    return [{ file, tests: passing, costMs: isMirror ? 0 : tookMs - leftOutMs, tookMs }]
  })
  return chosen.sort((a, b) => a.costMs - b.costMs)
}

const tookMsOf = (test: TestId): number => globalThis.mutants.tests.get(test)?.tookMs ?? 0

const passedBy = (test: TestId): ReadonlySet<number> => globalThis.mutants.tests.get(test)?.passed ?? new Set()

/** What the server answered about modules, kept in this process. */
class ModuleAnswers {
  private readonly rpc: Rpc
  private readonly fetched = new Map<string, Fetched>()
  private readonly resolved = new Map<string, Resolved>()

  constructor(rpc: Rpc) {
    this.rpc = rpc
  }

  readonly fetch = async (url: string, importer: string | undefined, environment: string): Promise<Fetched> => {
    const key = `${url} ${importer ?? ""}`
    const known = this.fetched.get(key) ?? { ...(await this.rpc.fetch(url, importer, environment)), invalidate: false }
    this.fetched.set(key, known)
    return known
  }

  readonly resolve = async (id: string, importer: string | undefined, environment: string): Promise<Resolved> => {
    const key = `${id} ${importer ?? ""}`
    if (!this.resolved.has(key)) this.resolved.set(key, await this.rpc.resolve(id, importer, environment))
    return this.resolved.get(key) ?? null
  }
}

init({
  post: (message) => process.send?.(message),
  on: (listener) => process.on("message", listener),
  off: (listener) => process.off("message", listener),
  teardown: () => process.removeAllListeners("message"),
  runTests: async (state, traces) => new MutantRuns(state, traces).run(),
  collectTests: () => undefined,
  setup: setupEnvironment
})
