/** How do I show a job's state in React? Prints the component's HTML for each state of a job with two runs, as a page would show it. */
import { createScheduler, interval, task } from "carillon"
import type { JobActor, SchedulerActor } from "carillon"
import { useSelector } from "@xstate/react"
import { renderToStaticMarkup } from "react-dom/server"
import { waitFor } from "xstate"

/** In a page this alone is enough: `useSelector` subscribes, and renders again when what it selects has changed. */
const JobState = ({ scheduler, job }: { readonly scheduler: SchedulerActor; readonly job: JobActor }) => {
  const mode = useSelector(scheduler, ({ value }) => value)
  const state = useSelector(job, ({ value }) => value)
  const runs = useSelector(job, ({ context }) => context.memory.runCount)
  return (
    <p>
      {mode}: backup is {state}, {runs} {runs === 1 ? "run" : "runs"}
    </p>
  )
}

const backup = task("backup", () => new Promise((resolve) => setTimeout(resolve, 50)))
const scheduler = createScheduler({ tasks: [backup] })
await scheduler.start()
const job = await scheduler.addJob({ id: "backup", task: backup, trigger: interval("200 millis"), maxRuns: 2 })
const actor = await job.actor()

// Here there is no page: each snapshot of the actor is rendered on its own.
const print = () => console.log(renderToStaticMarkup(<JobState scheduler={scheduler.actor} job={actor} />))
print()
actor.subscribe(print)

await waitFor(actor, ({ status }) => status === "done")
await scheduler.shutdown()
