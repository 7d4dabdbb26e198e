/** Machines whose zone has no name: everything that takes the machine's zone works, by the clock on its wall. */
import { execFileSync } from "node:child_process"
import { dirname, join } from "node:path"
import { expect, it } from "vitest"
import { temporaryFile } from "../scenarios/world.ts"
import { bundled } from "../bundle.ts"

/** `TZ`, and noon of the machine in winter and in summer, UTC. */
const machines = [
  ["UTC-3", "2026-01-01T09:00", "2026-07-01T09:00"],
  ["JST-9", "2026-01-01T03:00", "2026-07-01T03:00"],
  ["GMT+5", "2026-01-01T17:00", "2026-07-01T17:00"],
  ["<+0330>-3:30", "2026-01-01T08:30", "2026-07-01T08:30"],
  ["CET-1CEST,M3.5.0,M10.5.0/3", "2026-01-01T11:00", "2026-07-01T10:00"],
  [":/usr/share/zoneinfo/Europe/Berlin", "2026-01-01T11:00", "2026-07-01T10:00"],
  [":Europe/Berlin", "2026-01-01T11:00", "2026-07-01T10:00"],
  ["Europe/Berln", "2026-01-01T12:00", "2026-07-01T12:00"],
  ["", "2026-01-01T12:00", "2026-07-01T12:00"]
] as const

it("a machine has a zone, whatever its TZ says", async () => {
  const program = await bundled(join(import.meta.dirname, "machineZoneStart.ts"), dirname(temporaryFile()))
  const answer = (TZ: string): unknown =>
    JSON.parse(execFileSync(process.execPath, [program], { env: { ...process.env, TZ }, encoding: "utf8" }))
  for (const [TZ, winter, summer] of machines) {
    // A scheduler with a zone of its own has nothing of the machine's.
    const expected = { TZ, noons: [winter, summer], own: winter, stockholm: "2026-01-01T11:00", others: 3 }
    expect({ TZ, ...(answer(TZ) as object) }).toEqual(expected)
  }
  expect(answer(":/etc/localtime")).toMatchObject({ stockholm: "2026-01-01T11:00", others: 3 })
}, 60_000)
