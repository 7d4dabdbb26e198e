/** What callers were told, against what is on disk at that moment. */
import { numberOf } from "./definitionInput.ts"
import { fireTimesOf, triggerOf } from "./fireTimesOf.ts"
import type { Definition } from "./plan.ts"
import { epoch } from "./plan.ts"
import type { World } from "./world.ts"

export class Acknowledged {
  private readonly world: World

  constructor(world: World) {
    this.world = world
  }

  mustBe(definition: Definition): void {
    const job = this.world.model.byId(definition.id)
    const found = job === undefined ? null : numberOf(job.row.notes)
    if (found !== definition.number)
      this.lost(`job "${definition.id}" was given definition ${definition.number}, on disk is ${found}`)
    const { rules } = definition
    if (job === undefined) return
    const given = { ...rules, retry: rules.retry?.attempts ?? null }
    const kept = {
      ...{ misfireGrace: job.rules.misfireGraceMs, coalesce: job.rules.coalesce, maxInstances: job.rules.maxInstances },
      ...{ overlap: job.rules.overlap, retry: job.rules.retry?.attempts ?? null, timeout: job.rules.timeoutMs },
      ...{ onInterrupted: job.rules.onInterrupted, maxRuns: job.rules.maxRuns }
    }
    if (JSON.stringify(given) !== JSON.stringify(kept))
      this.lost(`job "${definition.id}" was given ${JSON.stringify(given)}, on disk is ${JSON.stringify(kept)}`)
  }

  mustFireLike(definition: Definition): void {
    const job = this.world.model.byId(definition.id)
    const { trigger, start, end } = definition
    if (job === undefined) return this.lost(`job "${definition.id}" was rescheduled, and is not there`)
    if (trigger.kind === "delay") return
    if (trigger.kind === "stream") {
      if (job.row.stream !== trigger.of)
        this.lost(`job "${definition.id}" was given to stream ${trigger.of}, on disk is ${job.row.stream}`)
      return
    }
    const window = {
      type: "window",
      trigger: triggerOf(trigger).toJSON(),
      ...(start === undefined ? {} : { start: epoch + start }),
      ...(end === undefined ? {} : { end: epoch + end })
    }
    const now = this.world.clock.now()
    const [given, kept] = [JSON.stringify(window), job.row.trigger].map((text) =>
      fireTimesOf(text, now, now + 100 * 86_400_000, 5)
    )
    if (String(given) !== String(kept))
      this.lost(`job "${definition.id}" was rescheduled to ${String(given)}, on disk is ${String(kept)}`)
  }

  mustBePaused(id: string, paused: boolean): void {
    const job = this.world.model.byId(id)
    if (
      job === undefined ||
      (job.memory.fault === null && (job.memory.pausedAt !== null) !== paused && job.row.value !== "done")
    )
      this.lost(`job "${id}" was ${paused ? "paused" : "resumed"}, and is ${job?.row.value ?? "not there"}`)
  }

  lost(message: string): void {
    this.world.report("acknowledged", message)
  }
}
