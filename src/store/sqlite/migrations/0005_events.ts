/**
 * What each commit has told, one row a commit: so a listener that was away hears of it. Rows lie in the order of their numbers, which is that
 * of committing; the owner row keeps the highest number ever given.
 */
export const events: ReadonlyArray<string> = [
  `CREATE TABLE events(number INTEGER PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL) STRICT`,
  `ALTER TABLE owner ADD COLUMN events INTEGER NOT NULL DEFAULT 0`
]
