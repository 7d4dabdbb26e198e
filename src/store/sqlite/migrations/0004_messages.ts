/**
 * What was sent to a run that is not over, until one of its checkpoints has taken it in. The checkpoint keeps how far that goes, so that
 * no number is given to its run again when the rows are gone.
 */
export const messages: ReadonlyArray<string> = [
  `CREATE TABLE messages(run_key INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY(run_key, number)) STRICT`,
  `ALTER TABLE checkpoints ADD COLUMN received INTEGER NOT NULL DEFAULT 0`
]
