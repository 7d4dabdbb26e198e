import { describe, it } from "vitest"
import { executorContract } from "../../../src/executor/contract/executorContract.ts"
import { inProcess } from "../../../src/executor/inProcess/inProcessExecutor.ts"
import { ManualTimers } from "../manualTimers.ts"

describe("the executor in this process", () => {
  const checks = executorContract({
    provider: ({ concurrency, queue, stuckAfterMs }) => inProcess({ concurrency, queue, stuckAfter: stuckAfterMs }),
    timers: () => new ManualTimers()
  })
  for (const { name, run } of checks) it(name, run)
})
