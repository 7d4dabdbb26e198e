/** Files of other versions: an older one is brought up to date or left as it was, whatever interrupts; a newer one is refused untouched. */
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { copyFileSync, existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import Database from "better-sqlite3"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { createScheduler, task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { migrations, schemaVersion } from "../../src/store/sqlite/migrations/migrations.ts"
import { connect } from "../../src/store/sqlite/connection.ts"
import { migrate } from "../../src/store/sqlite/open.ts"
import { temporaryFile } from "../scenarios/world.ts"
import { history } from "./schemaHistory.ts"
import { livedFile } from "./corruptionLife.ts"
import { bundled } from "../bundle.ts"

const digest = (filename: string): string => createHash("sha256").update(readFileSync(filename)).digest("hex")

/** Everything that is in the file, as text. */
const contents = (filename: string): string => {
  const database = new Database(filename)
  const version = database.pragma("user_version", { simple: true })
  const tables = database
    .prepare<[], { name: string; sql: string }>(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name"
    )
    .all()
  const rows = tables.map(({ name, sql }) => [sql, database.prepare(`SELECT * FROM "${name}"`).raw().all()])
  const sound = database.pragma("integrity_check", { simple: true })
  database.close()
  return JSON.stringify([version, sound, rows])
}

const migrated = (filename: string, to: ReadonlyArray<ReadonlyArray<string>>): Promise<void> =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(connect({ filename }), (connection) => migrate(connection, to))))

describe("an older schema", () => {
  it("is brought up to date step by step, and keeps what was in it", async () => {
    const filename = await livedFile(10)
    const stepwise = temporaryFile()
    copyFileSync(filename, stepwise)
    await migrated(filename, history)
    for (let version = schemaVersion; version <= history.length; version++)
      await migrated(stepwise, history.slice(0, version))
    expect(contents(stepwise)).toBe(contents(filename))
    const database = new Database(filename, { readonly: true })
    expect(database.prepare("SELECT count(*) AS jobs, sum(owned) AS owned FROM jobs").get()).toEqual({
      jobs: 10,
      owned: 10
    })
    expect(database.pragma("user_version", { simple: true })).toBe(history.length)
    database.close()
  })

  it("from before marks counts its keys on from the rows that are left", async () => {
    const filename = temporaryFile()
    await migrated(filename, history.slice(0, 1))
    const database = new Database(filename)
    database.exec(`INSERT INTO jobs VALUES (4, 'old', 'note', '{}', NULL, 'null', '{}', '{}', 0, 9);
      INSERT INTO runs(run_key, job_key, fire_at, claimed_at, epoch, finished_at, outcome) VALUES (6, 4, 5, 5, 1, 8, 0)`)
    database.close()
    const opened = sqlite({ filename }).open({ pid: 1, host: "here", startedAt: 10 })
    const { nextJobKey, nextRunKey, marks } = await Effect.runPromise(Effect.scoped(opened))
    expect({ nextJobKey, nextRunKey, marks }).toEqual({ nextJobKey: 5, nextRunKey: 7, marks: new Map() })
  })

  it("is left as it was by a migration that is killed at any statement, and the next start ends it", async () => {
    const filename = await livedFile(10)
    const before = contents(filename)
    const whole = temporaryFile()
    copyFileSync(filename, whole)
    await migrated(whole, history)
    const after = contents(whole)
    const statements = history.slice(schemaVersion).flat().length + 2
    const program = await bundled(join(import.meta.dirname, "schemaMigrator.ts"), dirname(whole))
    for (let kill = 1; kill <= statements + 1; kill++) {
      const killed = temporaryFile()
      copyFileSync(filename, killed)
      const child = spawn(process.execPath, [program, killed, String(kill)], { stdio: ["ignore", "ignore", "inherit"] })
      const [, signal] = (await once(child, "exit")) as [number | null, string | null]
      expect(signal).toBe("SIGKILL")
      expect({ kill, left: contents(killed) === before }).toEqual({ kill, left: true })
      await migrated(killed, history)
      expect({ kill, ended: contents(killed) === after }).toEqual({ kill, ended: true })
    }
  }, 120_000)
})

describe("a newer schema", () => {
  it("is refused by a start that names both versions, and keeps every byte", async () => {
    const filename = await livedFile(10)
    await migrated(filename, history)
    const before = digest(filename)
    const scheduler = createScheduler({ store: sqlite({ filename }), tasks: [task("note", () => null)] })
    const error = (await scheduler.start().catch((refused: unknown) => refused)) as Error
    expect(error).toMatchObject({ _tag: "StoreTooNew", found: history.length, supported: schemaVersion })
    expect(error.message).toContain(filename)
    expect((await scheduler.status()).state).toBe("stopped")
    expect({ bytes: digest(filename), log: existsSync(`${filename}-wal`) }).toEqual({ bytes: before, log: false })
  })
})

it("the synthetic history begins with the real one", () => {
  expect(history.slice(0, schemaVersion)).toEqual(migrations)
  expect(history.length).toBeGreaterThan(schemaVersion + 1)
})
