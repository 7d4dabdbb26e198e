import { expect, it } from "vitest"
import { filesOfRoom } from "./mutant.ts"
import { rooms } from "./rooms.ts"

it("each file of a room is of that room alone, and every room has some", () => {
  const files = rooms.map(filesOfRoom)
  expect(files.filter(({ length }) => length === 0)).toEqual([])
  const all = files.flat()
  expect(all.filter((file, index) => all.indexOf(file) !== index)).toEqual([])
})

it("a store's contract, which is a suite of tests, is no part of the stores' room", () => {
  const roomOf = (file: string) => rooms.find((room) => filesOfRoom(room).includes(file))?.sources
  expect(roomOf("src/store/contract/storeCheck.ts")).toBe("src/store/contract")
  expect(roomOf("src/store/memory/due.ts")).toBe("src/store")
  expect(roomOf("src/store/jobOrder.ts")).toBe("src/store")
})
