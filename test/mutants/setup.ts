/** Runs with every test file while sources are changed: properties draw the same values each time, tests leave a trace. */
import { configureGlobal } from "fast-check"
import { afterEach, beforeEach } from "vitest"

// One seed, so that the same changes are found each time. What fails is not looked at by anyone, so need not be made small.
configureGlobal({ seed: 1, endOnFailure: true })

beforeEach(({ task, skip }) => {
  const { mutants } = globalThis
  if (mutants.chosen !== undefined && !mutants.chosen.has(task.id)) skip()
  mutants.enter(task.id)
})

afterEach(({ task }) => {
  globalThis.mutants.leave(task.id)
})
