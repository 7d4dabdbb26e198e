import { describe, expect, it } from "vitest"
import type { AnyTask } from "../../src/task/task.ts"
import { task } from "../../src/task/task.ts"
import { TaskRegistry } from "../../src/task/taskRegistry.ts"

const report = task("report", () => 1)
const proto = task("__proto__", () => 2)

describe("TaskRegistry", () => {
  it("finds tasks by name, and nothing by any other", () => {
    const registry = new TaskRegistry([report, proto])
    expect(registry.find("report")).toBe(report)
    expect(registry.get("__proto__")).toBe(proto)
    expect(registry.find("constructor")).toBeUndefined()
    expect(registry.names).toEqual(["report", "__proto__"])
  })

  it("refuses two tasks of one name, but not the same task twice", () => {
    expect(new TaskRegistry([report, report]).names).toEqual(["report"])
    expect(() => new TaskRegistry([report, task("report", () => 3)])).toThrow(
      expect.objectContaining({ _tag: "DuplicateTaskError", task: "report" })
    )
  })

  it("refuses what is no task", () => {
    for (const odd of [undefined, null, () => 1, {}, "report", [report]]) {
      expect(() => new TaskRegistry([odd as AnyTask])).toThrow(expect.objectContaining({ _tag: "InvalidTaskError" }))
    }
  })

  it("says of an unknown task which job wants it and which tasks there are", () => {
    const registry = new TaskRegistry([report, proto])
    expect(() => registry.get("reprot", "daily")).toThrow(
      expect.objectContaining({
        _tag: "UnknownTaskError",
        task: "reprot",
        job: "daily",
        known: ["report", "__proto__"],
        message:
          'job "daily": task "reprot" is not registered; add it to `tasks` or correct the name; registered are "report", "__proto__"'
      })
    )
  })
})
