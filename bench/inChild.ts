/** Work in a process of its own: its memory, its garbage and its CPU time are its alone. */
import { fork } from "node:child_process"

/** What goes over. */
export interface ChildWork {
  /** URL of a module, and the function of it to call with `input`; `null`: importing it is the work. */
  readonly module: string
  readonly name: string | null
  readonly input: unknown
}

export type ChildAnswer =
  { readonly _tag: "Gave"; readonly value: unknown } | { readonly _tag: "Failed"; readonly error: string }

/**
 * Calls the exported function `work.name` of a module in a child process and gives what it gave; both ways as JSON. The
 * child loads TypeScript as this process does. Rejects with what the function threw, as text.
 */
export const inChild = <Output>(work: ChildWork): Promise<Output> =>
  new Promise((resolve, reject) => {
    const child = fork(new URL("./childMain.ts", import.meta.url), { stdio: "inherit" })
    let answered = false
    child.once("message", (answer: ChildAnswer) => {
      answered = true
      if (answer._tag === "Gave") resolve(answer.value as Output)
      else reject(new Error(answer.error))
    })
    child.once("error", reject)
    child.once("exit", (code, signal) => {
      if (!answered)
        reject(new Error(`${work.name ?? work.module} gave no answer and exited with ${code ?? signal ?? "nothing"}`))
    })
    child.send(work)
  })
