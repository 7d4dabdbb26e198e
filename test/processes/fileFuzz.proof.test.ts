/**
 * Files as somebody may leave them who can write in the directory: pipes and directories where files belong, views, triggers and other
 * tables in the schema, cut and flipped bytes. A start and a check each work or fail with a typed error, and end.
 */
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import Database from "better-sqlite3"
import { expect, it } from "vitest"
import { temporaryFile } from "../scenarios/world.ts"
import { livedFile } from "./corruptionLife.ts"
import { bundled } from "../bundle.ts"
import { randomFrom } from "./kill/killPlan.ts"

/** Far longer than a start takes on a busy machine. */
const longestMs = 40_000
/** Files with random damage; more by `FUZZED_FILES`. */
const fuzzed = Number(process.env["FUZZED_FILES"] ?? 25)

interface Trial {
  readonly check: string
  readonly start: string
}

/** What became of a copy of the lived file after each way of spoiling it; `hung` for the one on which the process was killed. */
const trials = async <Name extends string>(
  ways: Readonly<Record<Name, (filename: string) => void>>
): Promise<Readonly<Record<Name, Trial>>> => {
  const original = await livedFile(12)
  const directory = dirname(temporaryFile())
  const program = await bundled(join(import.meta.dirname, "fileTrial.ts"), directory)
  const names = Object.keys(ways) as Array<Name>
  const files = names.map((name, index) => {
    mkdirSync(join(directory, `${index}`))
    const filename = join(directory, `${index}`, "jobs.db")
    copyFileSync(original, filename)
    ways[name](filename)
    return filename
  })
  const found = new Map<string, Trial>()
  while (found.size < files.length) {
    const child = spawn(process.execPath, [program, ...files.slice(found.size)], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    let text = ""
    let killed = setTimeout(() => child.kill("SIGKILL"), longestMs)
    child.stdout.setEncoding("utf8").on("data", (more: string) => {
      clearTimeout(killed)
      killed = setTimeout(() => child.kill("SIGKILL"), longestMs)
      text += more
    })
    await once(child, "close")
    clearTimeout(killed)
    for (const line of text.split("\n").filter((each) => each !== "")) {
      const { filename, check, start } = JSON.parse(line) as Trial & { readonly filename: string }
      found.set(filename, { check, start })
    }
    const next = files[found.size]
    if (next !== undefined) found.set(next, { check: "hung", start: "hung" })
  }
  return Object.fromEntries(names.map((name, index) => [name, found.get(files[index] ?? "")])) as Record<Name, Trial>
}

/** The error's tag, or that it works. */
const kindsOf = (found: Readonly<Record<string, Trial>>) =>
  Object.fromEntries(
    Object.entries(found).map(([name, { check, start }]) => [name, [check, start].map((text) => text.split(" ")[0])])
  )

const all = (ways: Readonly<Record<string, unknown>>, kinds: ReadonlyArray<string>) =>
  Object.fromEntries(Object.keys(ways).map((name) => [name, kinds]))

const pipe = (path: string): void => {
  rmSync(path, { force: true })
  execFileSync("mkfifo", [path])
}

const companions = ["-wal", "-shm", "-journal", ".lock", ".lock-wal", ".lock-journal"]

it("a pipe, a directory or a circle of links in the place of a file is refused by its name", async () => {
  const ways = Object.fromEntries(
    companions.flatMap((companion) => [
      [`pipe ${companion}`, (filename: string) => pipe(`${filename}${companion}`)],
      [`directory ${companion}`, (filename: string) => mkdirSync(`${filename}${companion}`)],
      [`circle ${companion}`, (filename: string) => symlinkSync(`${filename}${companion}`, `${filename}${companion}`)]
    ])
  )
  const found = await trials(ways)
  expect(kindsOf(found)).toEqual(all(ways, ["StoreUnreadable", "StoreUnreadable"]))
  expect(found["pipe -wal"]?.start).toContain("jobs.db-wal is a named pipe in the place of a file; remove it")
})

const change =
  (...statements: ReadonlyArray<string>) =>
  (filename: string): void => {
    const database = new Database(filename)
    database.unsafeMode()
    for (const statement of ["PRAGMA foreign_keys = OFF", "PRAGMA writable_schema = ON", ...statements])
      database.exec(statement)
    database.close()
  }

const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT"
const tables = ["owner", "jobs", "job_state", "runs", "ledger", "executors", "marks", "checkpoints", "messages"]

it("a schema that is not as it was made is refused before anything is read through it", async () => {
  const ways = Object.fromEntries([
    ...tables.flatMap((table) => [
      [`view ${table}`, change(`DROP TABLE ${table}`, `CREATE VIEW ${table} AS ${endless} i AS key FROM n`)],
      [`capitals ${table}`, change(`DROP TABLE ${table}`, `CREATE VIEW ${table.toUpperCase()} AS ${endless} i FROM n`)],
      [
        `trigger ${table}`,
        change(`CREATE TRIGGER t AFTER UPDATE ON ${table} BEGIN INSERT INTO marks ${endless} i, i FROM n; END`)
      ],
      [`other columns ${table}`, change(`DROP TABLE ${table}`, `CREATE TABLE ${table}(key, value)`)],
      [`missing ${table}`, change(`DROP TABLE ${table}`)],
      [`virtual ${table}`, change(`DROP TABLE ${table}`, `CREATE VIRTUAL TABLE ${table} USING fts5(key)`)]
    ]),
    ["missing index", change("DROP INDEX runs_by_job")],
    ["another index of the name", change("DROP INDEX runs_by_job", "CREATE INDEX runs_by_job ON runs(claimed_at)")],
    ["an index in a table's place", change("DROP TABLE marks", "CREATE INDEX marks ON runs(claimed_at)")]
  ]) as Record<string, (filename: string) => void>
  expect(kindsOf(await trials(ways))).toEqual(all(ways, ["StoreUnreadable", "StoreUnreadable"]))
})

it("what a user has put beside our tables is left alone, and a file whose room was given back works", async () => {
  const ways = {
    table: change("CREATE TABLE notes(text)", "CREATE TRIGGER t AFTER INSERT ON notes BEGIN SELECT 1; END"),
    view: change("CREATE VIEW late AS SELECT * FROM runs"),
    index: change("CREATE INDEX runs_by_outcome ON runs(outcome)"),
    vacuum: change("VACUUM")
  }
  expect(kindsOf(await trials(ways))).toEqual(all(ways, ["works", "works"]))
})

it("cut, flipped and interwoven bytes end in a typed error or in a file that works", async () => {
  const random = randomFrom(5)
  const somewhere = (length: number) => Math.floor(random() * length)
  const ways: Record<string, (filename: string) => void> = {
    empty: (filename) => truncateSync(filename),
    "two tables on one page": change(
      "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'runs') WHERE name = 'jobs'"
    ),
    "an index on a table's page": change(
      "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'runs') WHERE name = 'job_state_wake'"
    ),
    "the log of another file": (filename) => copyFileSync(filename, `${filename}-wal`),
    "the index of another file": (filename) => copyFileSync(filename, `${filename}-shm`),
    "a journal": (filename) => copyFileSync(filename, `${filename}-journal`)
  }
  for (let n = 0; n < fuzzed; n++) {
    ways[`cut ${n}`] = (filename) => truncateSync(filename, somewhere(readFileSync(filename).length))
    ways[`flipped ${n}`] = (filename) => {
      const bytes = readFileSync(filename)
      // The header, the schema and the roots lie in front.
      const reach = n % 2 === 0 ? bytes.length : 4096 * 4
      for (let flips = 1 + somewhere(8); flips > 0; flips--) {
        const at = somewhere(Math.min(reach, bytes.length))
        bytes[at] = somewhere(256)
      }
      writeFileSync(filename, bytes)
    }
    ways[`pages exchanged ${n}`] = (filename) => {
      const bytes = readFileSync(filename)
      const pages = bytes.length / 4096
      const [from, to] = [1 + somewhere(pages - 1), 1 + somewhere(pages - 1)]
      bytes.copyWithin(to * 4096, from * 4096, (from + 1) * 4096)
      writeFileSync(filename, bytes)
    }
  }
  const typed = /^(works$|Store(Unreadable|Unavailable|TooNew) )/
  const found = await trials(ways)
  const wrong = Object.entries(found).filter(([, { check, start }]) => !typed.test(check) || !typed.test(start))
  expect(wrong).toEqual([])
})
