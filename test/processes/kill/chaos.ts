/**
 * `npm run chaos -- --kills 1000 [--seed N]`: kills for as long as it takes, in worlds of 50 kills on one file each. Ends with 1
 * when a promise was broken; the files of that world stay.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { bundled } from "../../bundle.ts"
import { killedScheduler, killLoop } from "./killLoop.ts"

const options = { kills: { type: "string", default: "100" }, seed: { type: "string", default: "1" } } as const
const given = (() => {
  try {
    const { kills, seed } = parseArgs({ options }).values
    return { kills: Number(kills), seed: Number(seed) }
  } catch {
    return { kills: NaN, seed: NaN }
  }
})()
const { kills: wanted, seed: firstSeed } = given
if (!Number.isSafeInteger(wanted) || wanted < 1 || !Number.isSafeInteger(firstSeed)) {
  console.error("usage: npm run chaos -- [--kills <number>] [--seed <number>]")
  process.exit(2)
}
/** A world's file grows with its kills, and its check with the file. */
const killsPerWorld = 50

const directory = mkdtempSync(join(tmpdir(), "carillon-chaos-"))
const program = await bundled(killedScheduler, directory)
const total = {
  kills: 0,
  killsDuringStart: 0,
  fires: 0,
  runs: 0,
  attempts: 0,
  interrupted: 0,
  wentOn: 0,
  stepsSaved: 0,
  waited: 0,
  acknowledged: 0,
  violations: 0
}
const startedAt = performance.now()

for (let seed = firstSeed; total.kills < wanted; seed++) {
  const world = join(directory, String(seed))
  const kills = Math.min(killsPerWorld, wanted - total.kills)
  const { violations, ...counted } = await killLoop({ seed, kills, directory: world, program })
  for (const field of [
    "kills",
    "killsDuringStart",
    "fires",
    "runs",
    "attempts",
    "interrupted",
    "wentOn",
    "stepsSaved",
    "waited",
    "acknowledged"
  ] as const)
    total[field] += counted[field]
  total.violations += violations.length
  if (violations.length === 0) rmSync(world, { recursive: true })
  else {
    console.log(
      `seed ${seed}: ${violations.length} violations; files: ${world}; again: npm run chaos -- --kills ${kills} --seed ${seed}`
    )
    for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`)
  }
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1)
  console.log(
    `${minutes} min: ${total.kills} kills (${total.killsDuringStart} during a start), ${total.fires} fires, ${total.runs} runs, ${total.attempts} attempts, ${total.interrupted} interrupted, ${total.wentOn} machines that went on (${total.waited} after a long wait, ${total.stepsSaved} saved steps), ${total.acknowledged} commands acknowledged, ${total.violations} violations`
  )
}
if (total.violations === 0) rmSync(directory, { recursive: true })
process.exitCode = total.violations === 0 ? 0 : 1
