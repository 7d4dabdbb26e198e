/** Whose sources are changed, and the tests that should tell. One line adds a room. */

export interface Room {
  /** The folder of the sources, with what is below it. */
  readonly sources: string
  /** The folder of their unit tests: its mirror. Simulation, scenarios and processes don't count here. */
  readonly tests: string
}

export const rooms: ReadonlyArray<Room> = [
  { sources: "machines", tests: "test/machines" },
  { sources: "src/job", tests: "test/job" },
  { sources: "src/time", tests: "test/time" },
  { sources: "src/trigger", tests: "test/trigger" },
  { sources: "src/store", tests: "test/store" },
  { sources: "src/engine/writer", tests: "test/engine/writer" }
]
