/** What a run that is not over has come to. Apart from `runs`, so that a step of one writes none of its other columns, and few runs have one. */
export const checkpoints: ReadonlyArray<string> = [
  `CREATE TABLE checkpoints(run_key INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT`
]
