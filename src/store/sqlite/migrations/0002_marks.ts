/**
 * Keys are never given twice: the highest ones outlive the rows that retention deletes. Marks are the few facts about the store as a
 * whole that an owner leaves to the next, by name. A job's definition names its executor itself, where that is not "default": the number
 * in its state is for the index of wake-ups, and damage to `executors` is mended from the definitions.
 */
export const marks: ReadonlyArray<string> = [
  `ALTER TABLE owner ADD COLUMN job_key INTEGER NOT NULL DEFAULT 0`,
  `ALTER TABLE owner ADD COLUMN run_key INTEGER NOT NULL DEFAULT 0`,
  `UPDATE owner SET job_key = (SELECT coalesce(max(key), 0) FROM jobs), run_key = (SELECT coalesce(max(run_key), 0) FROM runs)`,
  `CREATE TABLE marks(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID`,
  `ALTER TABLE jobs ADD COLUMN executor TEXT`,
  `UPDATE jobs SET executor = e.name FROM job_state s CROSS JOIN executors e ON e.number = s.executor
    WHERE s.key = jobs.key AND e.name <> 'default'`
]
