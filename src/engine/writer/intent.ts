/** Something that wants to change jobs: a command, an outcome, an emission. Several share one commit. */
import type { UnitOfWork } from "./unitOfWork.ts"

export interface Intent {
  /** Jobs it needs, by id or key; brought in before `apply`. */
  readonly ids?: ReadonlyArray<string>
  readonly keys?: ReadonlyArray<number>
  /** How many jobs it touches, and what long texts it brings, so that one commit stays small: see `weightOf`. */
  readonly weight: number
  /** Monotonic milliseconds when a caller gave it, who does not wait for ever for a store that is away; absent: it waits. */
  readonly givenAt?: number
  /**
   * Changes the unit. Throws a typed error when it cannot; what it has changed by then is dropped. May be called again with a fresh
   * unit: when another intent has failed so, or the commit.
   */
  apply(unit: UnitOfWork): void
  /** What `apply` did is on disk. */
  committed(): void
  /** It was refused, or can never be written. */
  failed(error: unknown): void
}

/** As many jobs as there are, or one for each 2,048 characters if that is more: a commit is bounded by bytes as well as by number. */
export const weightOf = (jobs: number, textLength: number): number => Math.max(jobs, textLength >> 11)

/** A command of a caller, as a promise of what `apply` gave. */
export const command = <A>(
  needs: Pick<Intent, "ids" | "keys" | "givenAt"> & { readonly weight?: number },
  apply: (unit: UnitOfWork) => A,
  settle: { readonly resolve: (value: A) => void; readonly reject: (error: unknown) => void }
): Intent => {
  let given: { readonly value: A } | null = null
  return {
    ...needs,
    weight: needs.weight ?? 1,
    apply: (unit) => {
      given = { value: apply(unit) }
    },
    committed: () => {
      if (given !== null) settle.resolve(given.value)
    },
    failed: settle.reject
  }
}
