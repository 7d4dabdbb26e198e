/**
 * Keys are never given twice: the highest ones outlive the rows that retention deletes. Marks are the few facts about the store as a
 * whole that an owner leaves to the next, by name.
 */
export const marks: ReadonlyArray<string> = [
  `ALTER TABLE owner ADD COLUMN job_key INTEGER NOT NULL DEFAULT 0`,
  `ALTER TABLE owner ADD COLUMN run_key INTEGER NOT NULL DEFAULT 0`,
  `UPDATE owner SET job_key = (SELECT coalesce(max(key), 0) FROM jobs), run_key = (SELECT coalesce(max(run_key), 0) FROM runs)`,
  `CREATE TABLE marks(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID`
]
