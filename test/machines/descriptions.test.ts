/** Whoever opens a machine in a tool reads there what it does: each state and each transition says it, and states have tags. */
import { describe, expect, it } from "vitest"
import type { AnyStateMachine } from "xstate"
import { executorMachine } from "../../machines/executorMachine.ts"
import { jobMachine } from "../../machines/jobMachine.ts"
import { schedulerMachine } from "../../machines/schedulerMachine.ts"

const machines: ReadonlyArray<readonly [string, AnyStateMachine]> = [
  ["scheduler", schedulerMachine],
  ["job", jobMachine],
  ["executor", executorMachine]
]

describe.each(machines)("the machine of a %s", (_name, machine) => {
  const nodes = [machine.root, ...Object.values(machine.root.states)]

  it("says what each state is", () => {
    expect(nodes.filter(({ description }) => description === undefined).map(({ key }) => key)).toEqual([])
  })

  it("says what each transition is about", () => {
    const silent = nodes.flatMap(({ key, transitions, always = [] }) =>
      [...[...transitions.values()].flat(), ...always]
        .filter(({ description }) => description === undefined)
        .map(({ eventType }) => `${key}: ${eventType}`)
    )
    expect(silent).toEqual([])
  })

  it("marks where it ends", () => {
    const ends = nodes.filter(({ type }) => type === "final")
    expect(ends.length).toBeGreaterThan(0)
    expect(ends.map(({ tags }) => tags)).toEqual(ends.map(() => ["terminal"]))
  })
})

it("says of each state of a job whether it claims, and whether somebody may have to act", () => {
  const { states } = jobMachine.root
  expect(Object.fromEntries(Object.values(states).map(({ key, tags }) => [key, tags]))).toEqual({
    scheduled: ["claims"],
    running: ["claims"],
    misfired: ["claims", "needs-a-look"],
    paused: ["needs-a-look"],
    done: ["terminal"]
  })
})

it("says of a scheduler when it claims, and of it and an executor whether somebody may have to act", () => {
  const told: ReadonlyArray<string> = ["claims", "needs-a-look", "terminal"]
  const tagged = (machine: AnyStateMachine) =>
    Object.values(machine.root.states).flatMap(({ key, tags }) =>
      tags.filter((tag) => told.includes(tag)).map((tag) => `${key}: ${tag}`)
    )
  expect(tagged(schedulerMachine)).toEqual([
    "active: claims",
    "degraded: claims",
    "degraded: needs-a-look",
    "stopped: terminal"
  ])
  expect(tagged(executorMachine)).toEqual(["saturated: needs-a-look", "stopped: terminal"])
})

it("has a scheduler that knows what inspected jobs report", () => {
  expect(schedulerMachine.root.transitions.has("jobSettled")).toBe(true)
})
