/** Everything that takes the machine's zone works, by the clock on its wall, whatever its `TZ` says. */
import { expect, it } from "vitest"
import { answerOf, machines, machineZoneStart } from "./machineZones.ts"

it("a machine has a zone, whatever its TZ says", { timeout: 120_000 }, async () => {
  const answer = await machineZoneStart()
  for (const machine of machines) expect({ TZ: machine[0], ...answer(machine[0]) }).toEqual(answerOf(machine))
  expect(answer(":/etc/localtime")).toMatchObject({ stockholm: "2026-01-01T11:00", others: 3 })
})
