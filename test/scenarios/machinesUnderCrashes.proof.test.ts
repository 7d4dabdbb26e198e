/** A machine's steps and waits under thirty lives of crashes and stops at any moment. */
import { it } from "vitest"
import { travel } from "./traveller.ts"

it.each(Array.from({ length: 30 }, (_, index) => index + 1))(
  "no step is left out, and none comes early: seed %i",
  travel
)
