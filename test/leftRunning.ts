/** Runs with every test file: what the file leaves running, a timer, a process, a socket or a worker, fails it. */
import { afterAll, beforeAll, expect } from "vitest"

let before: ReadonlyArray<string> = []

beforeAll(() => {
  before = process.getActiveResourcesInfo()
})

afterAll(async () => {
  const deadline = performance.now() + 2_000
  // What was told to stop may need a moment: a child's exit, a socket's last acknowledgement.
  while (leftSince(before).length > 0 && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20))
  expect(leftSince(before), "left running by this file").toEqual([])
})

/** The kinds of things alive now that were not at the start. Those that let the process end, as an idle file, are not counted. */
function leftSince(earlier: ReadonlyArray<string>): ReadonlyArray<string> {
  const watched = [
    "Timeout",
    "Immediate",
    "ProcessWrap",
    "TCPSocketWrap",
    "TCPServerWrap",
    "MessagePort",
    "Worker",
    "FSEventWrap"
  ]
  const count = (resources: ReadonlyArray<string>, kind: string) =>
    resources.filter((resource) => resource === kind).length
  const now = process.getActiveResourcesInfo()
  return watched.filter((kind) => count(now, kind) > count(earlier, kind))
}
