/** Whose sources are changed, and the tests that should tell. One line adds a room. */

export interface Room {
  /** The folder of the sources, with what is below it. */
  readonly sources: string
  /** Folders below it that are rooms of their own. Default: none. */
  readonly except?: ReadonlyArray<string>
  /** The folder of their unit tests: its mirror. Simulation, scenarios and processes don't count here. */
  readonly tests: string
}

export const rooms: ReadonlyArray<Room> = [
  { sources: "machines", tests: "test/machines" },
  { sources: "src/job", tests: "test/job" },
  { sources: "src/time", tests: "test/time" },
  { sources: "src/trigger", tests: "test/trigger" },
  { sources: "src/store", except: ["src/store/contract"], tests: "test/store" },
  // Tests too, which any store is run through: their instants and limits are arbitrary, and no test of theirs should pin one. What holds
  // them is that they find a store that answers wrongly, so they don't count among what stores do. `src/store` on the command line runs
  // this room as well, and asks of it what it asks of any: what it says is how strict the suite is, and nothing of the stores.
  { sources: "src/store/contract", tests: "test/store/contract" },
  { sources: "src/engine/writer", tests: "test/engine/writer" }
]

export const isIn = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`)

/** Whether a file or folder is one of the room's, and of no other below it. */
export const isOfRoom = ({ sources, except = [] }: Room, path: string): boolean =>
  isIn(path, sources) && !except.some((folder) => isIn(path, folder))
