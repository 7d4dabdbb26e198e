/**
 * How do I look inside a running scheduler? Opens Stately's inspector for it, and prints its address and the actors to be seen.
 *
 *     node --import tsx examples/inspect.ts [--for 30] [--port 8080] [--no-browser]
 *
 * The page at that address frames https://stately.ai/inspect, which Stately hosts; what you see in it goes from your browser's
 * own socket to that frame. The relay listens on loopback only.
 */
import { createWebSocketInspector } from "@statelyai/inspect"
import { createInspectorServer } from "@statelyai/inspect/server"
import { spawn } from "node:child_process"
import { parseArgs } from "node:util"
import { setTimeout as sleep } from "node:timers/promises"
import { createScheduler, interval, task } from "carillon"

const { values } = parseArgs({
  options: {
    for: { type: "string", default: "600" },
    port: { type: "string", default: "8080" },
    "no-browser": { type: "boolean", default: false }
  }
})
const port = Number(values.port)

// The relay has no option for its address, and would listen on every interface; but what it is given as a port goes to
// Node's `listen` as it is, which takes an address with it.
const loopback = { port, host: "127.0.0.1" } as unknown as number
const server = createInspectorServer({ port: loopback, autoOpen: false })
const inspector = createWebSocketInspector({ url: `ws://127.0.0.1:${port}` })
console.log(`http://127.0.0.1:${port} for ${values.for} s`)
if (!values["no-browser"]) {
  const opener = process.platform === "darwin" ? "open" : process.platform === "win32" ? "explorer" : "xdg-open"
  // A machine without a browser still has the address.
  spawn(opener, [`http://127.0.0.1:${port}`], { stdio: "ignore", detached: true })
    .on("error", () => undefined)
    .unref()
}

const work = task("work", () => sleep(150))
const scheduler = createScheduler({
  tasks: [work],
  inspect: (event) => {
    const name = event.type === "@xstate.actor" && "id" in event.actorRef ? String(event.actorRef.id) : null
    // A line for each run would be many.
    if (name !== null && !name.startsWith("run:")) console.log("actor", name)
    inspector.inspect.next?.(event)
  }
})
await scheduler.start()
await scheduler.addJob({ id: "often", task: work, trigger: interval("500 millis") })
await scheduler.addJob({ id: "seldom", task: work, trigger: interval("5 seconds") })

await sleep(Number(values.for) * 1000)
await scheduler.shutdown()
inspector.stop()
server.stop()
