/** What the command hands to the process that runs the tests, and what that answers. */

import type { Mutant } from "./mutant.ts"
import type { Room } from "./rooms.ts"

/** The file that the process of a room is given. */
export interface Order {
  readonly room: Room
  readonly mutants: ReadonlyArray<Mutant>
  /** The file to which a verdict is appended, one line each. */
  readonly verdicts: string
}

export interface PlannedMutant {
  /** The changed file's absolute path. */
  readonly path: string
  /** Whoever passes one of these comes by the change. */
  readonly marks: ReadonlyArray<number>
}

export interface Plan {
  readonly mutants: ReadonlyArray<PlannedMutant>
  /** How many marks all sources of the room have. */
  readonly marks: number
  /** The file to which a verdict is appended, one line each. */
  readonly verdicts: string
}

/** A `mutant` is the place of a change in the order. */
export type Verdict =
  | { readonly _tag: "Started"; readonly mutant: number }
  | { readonly _tag: "Ended"; readonly mutant: number; readonly by: string | null; readonly isCovered: boolean }
  /** Tests fail without a change; nothing that follows would mean anything. */
  | { readonly _tag: "Unfit"; readonly file: string; readonly failure: string }
