/** The tasks of a scheduler, by name. */
import { Data } from "effect"
import { inWords } from "../input/inWords.ts"
import { isUnreadable } from "../input/readable.ts"
import type { AnyTask } from "./task.ts"
import { InvalidTaskError } from "./task.ts"
import { definitionOf } from "./taskCode.ts"

/** Two tasks of one name. */
export class DuplicateTaskError extends Data.TaggedError("DuplicateTaskError")<{
  /** The name of both. */
  readonly task: string
}> {
  override get message(): string {
    return `task ${inWords(this.task)} is registered twice; give one of them another name`
  }
}

/** A job names a task that is not registered. */
export class UnknownTaskError extends Data.TaggedError("UnknownTaskError")<{
  /** The name that is not registered. */
  readonly task: string
  /** `null` while the job has no id. */
  readonly job: string | null
  /** Registered names, in order of registration. */
  readonly known: ReadonlyArray<string>
}> {
  override get message(): string {
    const job = this.job === null ? "" : `job ${inWords(this.job)}: `
    const shown = this.known
      .slice(0, maxShown)
      .map((name) => inWords(name))
      .join(", ")
    const more = this.known.length > maxShown ? ` and ${this.known.length - maxShown} more` : ""
    const known = this.known.length === 0 ? "no task is registered" : `registered are ${shown}${more}`
    return `${job}task ${inWords(this.task)} is not registered; add it to \`tasks\` or correct the name; ${known}`
  }
}

const maxShown = 20

/** Names to tasks. Of a task that is defined apart from its code, the code may come later, and go again: the definition stays. */
export class TaskRegistry {
  private readonly tasks = new Map<string, AnyTask<unknown>>()
  private readonly defined = new Map<string, AnyTask<unknown>>()

  /** Throws `DuplicateTaskError`, and `InvalidTaskError` for what `task()` has not made. The same task given twice counts once. */
  constructor(tasks: ReadonlyArray<AnyTask<unknown>>) {
    for (const task of tasks) this.add(task)
  }

  /** Throws as the constructor does. */
  add(task: AnyTask<unknown>): void {
    if (!isTask(task)) {
      throw new InvalidTaskError({
        task: "?",
        field: "the entry",
        found: inWords(task),
        expected: "what task(…) gives"
      })
    }
    const { name } = task
    const same = this.tasks.get(name)
    if (same !== undefined && same !== task) throw new DuplicateTaskError({ task: name })
    const defined = this.defined.get(name)
    if (defined !== undefined && defined !== definitionOf(task)) throw new DuplicateTaskError({ task: name })
    this.tasks.set(name, task)
  }

  /** A definition without code: jobs of it may be added, and wait. Throws `DuplicateTaskError`; the same one twice counts once. */
  define(definition: AnyTask<unknown>): void {
    const { name } = definition
    const [code, same] = [this.tasks.get(name), this.defined.get(name)]
    const other = same === undefined ? code !== undefined && definitionOf(code) !== definition : same !== definition
    if (other) throw new DuplicateTaskError({ task: name })
    this.defined.set(name, definition)
  }

  /** Takes the code of a definition out again. */
  withdraw(task: AnyTask<unknown>): void {
    if (this.tasks.get(task.name) === task) this.tasks.delete(task.name)
  }

  /** True for a definition whose code is not here. */
  awaits(name: string): boolean {
    return this.defined.has(name) && !this.tasks.has(name)
  }

  /** What jobs are checked against, whether its code is here or not. Throws `UnknownTaskError`, which names `jobId`. */
  definition(name: string, jobId: string | null = null): AnyTask<unknown> {
    return this.defined.get(name) ?? this.get(name, jobId)
  }

  /** These and one more; throws as the constructor does. */
  with(task: AnyTask<unknown>): TaskRegistry {
    return new TaskRegistry([...this.all, task])
  }

  /** In order of registration. */
  get all(): ReadonlyArray<AnyTask<unknown>> {
    return [...this.tasks.values()]
  }

  get names(): ReadonlyArray<string> {
    return [...this.tasks.keys()]
  }

  /** `undefined` when no task has this name. */
  find(name: string): AnyTask<unknown> | undefined {
    return this.tasks.get(name)
  }

  /** Throws `UnknownTaskError`, which names `jobId`. */
  get(name: string, jobId: string | null = null): AnyTask<unknown> {
    const task = this.tasks.get(name)
    if (task === undefined) throw new UnknownTaskError({ task: name, job: jobId, known: this.names })
    return task
  }
}

// By shape, not by class: two copies of the package may be loaded.
const isTask = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null || isUnreadable(value, 1)) return false
  const { name, handler, options, declared } = value as { readonly [field: string]: unknown }
  return (
    typeof name === "string" &&
    handler !== undefined &&
    typeof options === "object" &&
    options !== null &&
    Array.isArray(declared)
  )
}
