/** Another program on the scheduler's file: takes an immediate transaction when its input says `hold`, ends it at `release`, and says so. */
import Database from "better-sqlite3"

const database = new Database(process.argv[2] ?? "")
database.pragma("busy_timeout = 5000")

process.stdin.setEncoding("utf8").on("data", (text) => {
  for (const word of String(text).trim().split("\n")) {
    if (word === "hold") database.exec("BEGIN IMMEDIATE; UPDATE owner SET host = host || ''")
    else database.exec("ROLLBACK")
    process.stdout.write(`${word} done\n`)
  }
})
process.stdin.on("end", () => database.close())
process.stdout.write("ready\n")
