import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { describe, expect, it } from "vitest"
import { runExample } from "./runExample.ts"

describe("examples/inspect", () => {
  it(
    "prints the inspector's address and the actors to be seen, and ends when its time is up",
    { timeout: 40_000 },
    async () => {
      const port = await freePort()
      const { exitCode, lines, errors } = await runExample("inspect", ["--for", "1", "--port", port, "--no-browser"])
      expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: "" })
      expect(lines).toEqual([
        `http://127.0.0.1:${port} for 1 s`,
        ...["scheduler", "executor:default", "jobs", "job:often", "job:seldom"].map((id) => `actor ${id}`)
      ])
    }
  )
})

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return String(port)
}
