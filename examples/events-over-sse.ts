/**
 * How does a page hear of every event, though it loses its connection and the server is killed? Prints that a client of server-sent events,
 * which comes back with `Last-Event-ID` after a `kill -9`, was told of each run once.
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { SchedulerEvent } from "carillon"
import { createScheduler, interval, task } from "carillon"
import { sqlite } from "carillon/sqlite"

// Started without arguments it is the client; the server gets the file's name, and is killed.
const [, program = "", given] = process.argv
if (given === undefined) await follow()
else await serve(given)

async function serve(filename: string) {
  const poll = task("poll", () => sleep(10, "ok"))
  const scheduler = createScheduler({ tasks: [poll], store: sqlite({ filename }) })
  await scheduler.start()
  const every = { trigger: interval("30 millis"), coalesce: "all", overlap: "queue-all", maxRuns: 30 } as const
  await scheduler.addJob({ id: "poll", task: poll, ...every, ifExists: "keep" })

  const server = createServer((request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" })
    // A browser's EventSource sends the last id that it has seen by itself.
    const lastId = request.headers["last-event-id"]
    const subscription = scheduler.eventsAfter$(typeof lastId === "string" ? lastId : "oldest").subscribe({
      next: (event) => response.write(asText(event)),
      error: (error) => response.end(`event: refused\ndata: ${JSON.stringify(String(error))}\n\n`),
      complete: () => response.end()
    })
    response.on("close", () => subscription.unsubscribe())
  })
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port))
}

interface Heard {
  readonly type: string
  readonly runId?: string
}

/** An event without an id leaves the client's last one as it is. */
function asText(event: SchedulerEvent): string {
  return `${event.id === undefined ? "" : `id: ${event.id}\n`}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

async function follow() {
  const filename = join(mkdtempSync(join(tmpdir(), "carillon-")), "jobs.db")
  const heard: Array<Heard> = []
  let lastId: string | undefined
  const ids = new Set<string>()
  let repeats = 0

  for (const [life, most] of [20, 40, Infinity].entries()) {
    const server = fork(program, [filename])
    const [port] = (await once(server, "message")) as [number]
    const headers: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId }
    const { body } = await fetch(`http://127.0.0.1:${port}`, { headers })
    if (body === null) throw new Error("no stream of events")
    let text = ""
    reading: for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const messages = (text + chunk).split("\n\n")
      text = messages.pop() ?? ""
      for (const message of messages) {
        const id = /^id: (.*)$/m.exec(message)?.[1]
        if (id !== undefined) {
          if (ids.has(id)) repeats += 1
          ids.add((lastId = id))
        }
        heard.push(JSON.parse(/^data: (.*)$/m.exec(message)?.[1] ?? "null") as Heard)
        if (heard.length >= most || heard.at(-1)?.type === "JobDone") break reading
      }
    }
    server.kill("SIGKILL")
    await once(server, "exit")
    if (most !== Infinity) console.log(`life ${life + 1}: the server is killed, the client comes back with the last id`)
  }

  const runs = (type: string): number =>
    new Set(heard.flatMap((event) => (event.type === type ? [event.runId] : []))).size
  console.log(`told: ${runs("RunClaimed")} runs claimed, ${runs("RunSucceeded")} succeeded, ${repeats} events twice`)
  rmSync(dirname(filename), { recursive: true })
}
