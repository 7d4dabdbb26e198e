/** A machine's steps and waits under a few lives of crashes and stops. More of them: `machinesUnderCrashes.proof.test.ts`. */
import { it } from "vitest"
import { travel } from "./traveller.ts"

it.each([1, 2, 3, 4, 5, 6, 7, 8])("no step is left out, and none comes early: seed %i", travel)
