/** A history of the schema that goes on after the real one: what later releases may do to a file. */
import { migrations } from "../../src/store/sqlite/migrations/migrations.ts"

export const history: ReadonlyArray<ReadonlyArray<string>> = [
  ...migrations,
  [
    "ALTER TABLE jobs ADD COLUMN owned INTEGER",
    "UPDATE jobs SET owned = 1",
    "CREATE INDEX jobs_owned ON jobs(owned) WHERE owned IS NOT NULL"
  ],
  [
    "CREATE TABLE labels(job_key INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT",
    "INSERT INTO labels SELECT key, id FROM jobs"
  ]
]
