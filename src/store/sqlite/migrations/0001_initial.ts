/**
 * The first schema. What never changes between runs (`jobs`) is apart from what does (`job_state`); keys are integers, given by
 * the engine in counting order, so new rows go to the end of their tables. STRICT: a fuzzed file shows on the row, not later.
 *
 * Every run writes `runs` twice and `job_state` twice, and each index they carry costs a run about a microsecond: they have those
 * that the engine cannot do without. What only people ask for, and retention, walk the tables in slices instead.
 */
export const initial: ReadonlyArray<string> = [
  `CREATE TABLE owner(
    one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, pid INTEGER NOT NULL,
    host TEXT NOT NULL, started_at INTEGER NOT NULL, job_count INTEGER NOT NULL, finished_runs INTEGER NOT NULL) STRICT`,
  `INSERT INTO owner VALUES (1, 0, 0, 0, '', 0, 0, 0)`,

  `CREATE TABLE jobs(
    key INTEGER PRIMARY KEY, id TEXT NOT NULL, task TEXT NOT NULL, trigger TEXT NOT NULL, stream TEXT,
    args TEXT NOT NULL, rules TEXT NOT NULL, notes TEXT NOT NULL, added_at INTEGER NOT NULL, removed_at INTEGER) STRICT`,
  `CREATE UNIQUE INDEX jobs_by_id ON jobs(id) WHERE removed_at IS NULL`,
  `CREATE INDEX jobs_removed_by_id ON jobs(id) WHERE removed_at IS NOT NULL`,
  `CREATE INDEX jobs_removed ON jobs(removed_at) WHERE removed_at IS NOT NULL`,
  `CREATE INDEX jobs_by_stream ON jobs(stream) WHERE stream IS NOT NULL`,

  // Executor names as small integers, so that the index of wake-ups stays small. Never deleted: there are few.
  `CREATE TABLE executors(number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT`,

  // The foreign key stops an upsert from making a state without a job; updates, the hot path, never check it.
  `CREATE TABLE job_state(
    key INTEGER PRIMARY KEY REFERENCES jobs(key), value INTEGER NOT NULL, wake_at INTEGER, fault INTEGER NOT NULL,
    done_at INTEGER, executor INTEGER NOT NULL, memory TEXT NOT NULL) STRICT`,
  // The only index that a run moves, when it moves the wake-up.
  `CREATE INDEX job_state_wake ON job_state(executor, wake_at) WHERE wake_at IS NOT NULL`,
  // No run of a job that goes on touches these two: their conditions are false before and after.
  `CREATE INDEX job_state_done ON job_state(done_at) WHERE done_at IS NOT NULL`,
  `CREATE INDEX job_state_rare ON job_state(value) WHERE value IN (2, 3)`,

  // What retention looks at comes before the texts, which may be long.
  `CREATE TABLE runs(
    run_key INTEGER PRIMARY KEY, job_key INTEGER NOT NULL REFERENCES jobs(key), fire_at INTEGER NOT NULL,
    request INTEGER NOT NULL DEFAULT 0, claimed_at INTEGER NOT NULL, epoch INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 1, started_at INTEGER, finished_at INTEGER, outcome INTEGER,
    args TEXT, result TEXT, error TEXT) STRICT`,
  // One run a fire time, and the runs of a job by time. No index by fire or finish: run keys are in claim order, which is nearly both.
  `CREATE UNIQUE INDEX runs_by_job ON runs(job_key, fire_at, request)`,
  // As small as the work in progress, so its pages stay in the cache.
  `CREATE INDEX runs_unfinished ON runs(run_key) WHERE finished_at IS NULL`,

  // Retention walks entries in order, which is that of recording.
  `CREATE TABLE ledger(
    entry INTEGER PRIMARY KEY, job_key INTEGER NOT NULL REFERENCES jobs(key), kind INTEGER NOT NULL, from_at INTEGER NOT NULL,
    through_at INTEGER NOT NULL, count INTEGER NOT NULL, reason TEXT, run_key INTEGER, at INTEGER NOT NULL) STRICT`,
  `CREATE INDEX ledger_by_job ON ledger(job_key, through_at)`,
  `CREATE INDEX ledger_by_through ON ledger(through_at)`
]
