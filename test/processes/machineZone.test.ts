/** Everything that takes the machine's zone works, by the clock on its wall. All of them: `machineZone.proof.test.ts`. */
import { expect, it } from "vitest"
import { answerOf, machines, machineZoneStart } from "./machineZones.ts"

it("a machine has a zone, with a rule of its own for summer as without a name", async () => {
  const answer = await machineZoneStart()
  for (const machine of machines.filter(([TZ]) => ["JST-9", "CET-1CEST,M3.5.0,M10.5.0/3", ""].includes(TZ)))
    expect({ TZ: machine[0], ...answer(machine[0]) }).toEqual(answerOf(machine))
})
