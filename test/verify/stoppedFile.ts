/** A sound file that nobody has open. */
import { interval, task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { midnight, minute, newWorld, temporaryFile } from "../scenarios/world.ts"

/** Ten runs of job `a`, stopped in good order. */
export const stoppedFile = async (filename = temporaryFile()): Promise<string> => {
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  const scheduler = await world.start({ tasks: [task("quiet", () => null)] })
  await scheduler.addJob({ id: "a", task: "quiet", trigger: interval("1 minute", { start: midnight + minute }) })
  await world.clock.advance(10 * minute)
  await scheduler.shutdown()
  return filename
}
