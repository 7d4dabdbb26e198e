/**
 * A plan from a seed. Each seed takes its own small set of features (swarm testing): worlds with everything at once hide
 * what only shows when one thing happens often.
 * Long: all that is drawn from a seed, in the order in which it is drawn.
 */
import { withCorrections } from "./corrections.ts"
import type {
  Behaviour,
  Crash,
  Definition,
  Fault,
  FaultKind,
  Operation,
  Plan,
  RulesPlan,
  StreamName,
  TriggerPlan
} from "./plan.ts"
import { withEvents } from "./events.ts"
import { withMachines } from "./machines.ts"
import { crashPoints, day, hour, lies, minute, second } from "./plan.ts"
import { Random } from "./random.ts"

interface Features {
  readonly crashes: boolean
  readonly faults: boolean
  readonly outages: boolean
  readonly steps: boolean
  readonly setBack: boolean
  readonly longAway: boolean
  readonly commands: number
  readonly lying: boolean
  readonly delay: boolean
  readonly retries: boolean
  readonly timeouts: boolean
  readonly maxRuns: boolean
  readonly grace: boolean
  readonly overlap: boolean
  readonly all: boolean
  readonly slowTasks: boolean
  readonly badTasks: boolean
  /** Several commands on one job at one instant. */
  readonly bursts: boolean
  /** A wall that is set forward by thousands of fire times. */
  readonly farStep: boolean
  /** The process dies as soon as a task starts, again and again. */
  readonly crashLoop: boolean
  /** The wall goes forth and back all the time, while fire times queue behind slow tasks. */
  readonly sway: boolean
}

export const generatePlan = (seed: number): Plan => {
  const plan = withCorrections(
    new Random(seed * 53 + 29),
    withSecondThoughts(new Random(seed * 37 + 11), firmPlan(seed))
  )
  if (seed % machinesEvery !== 0) return plan
  return withEvents(new Random(seed * 89 + 23), withMachines(new Random(seed * 71 + 17), plan))
}

/** Every so many seeds has machines in its world: the others stay what they were. */
const machinesEvery = 4

/** Fire times that are left out, and runs that are tried again, here and there and at once with what else is asked of the job. */
const withSecondThoughts = (chance: Random, plan: Plan): Plan => {
  if (plan.culprit !== null || chance.chance(0.5)) return plan
  const ids = [...new Set(plan.definitions.map(({ id }) => id))]
  const ats = plan.operations.map(({ at }) => at)
  const often = chance.spread(1, 20)
  const thoughts = Array.from({ length: often }, (): Operation => {
    const at = chance.chance(0.3) ? chance.pick(ats) + chance.int(0, 1) : chance.int(0, plan.length)
    return { at, do: chance.pick(["skipNext", "retryRun"]), id: chance.pick(ids) }
  })
  return { ...plan, operations: [...plan.operations, ...thoughts].toSorted((a, b) => a.at - b.at) }
}

const firmPlan = (seed: number): Plan => {
  const plan = withStreams(new Random(seed * 131 + 11), plainPlan(seed))
  // From numbers of its own, so that the rest of a seed's plan stays what it was.
  const chance = new Random(seed * 31 + 7)
  return chance.chance(0.06) ? withCulprit(chance, plan) : withHastyStops(chance, plan)
}

/** Values of two streams, and jobs that change hands between them and other triggers, mostly while values wait. */
const withStreams = (chance: Random, plan: Plan): Plan => {
  if (!chance.chance(0.25)) return plan
  const definitions = plan.definitions.map((definition) =>
    chance.chance(0.7) ? ofStream(definition, chance.pick(streamNames)) : definition
  )
  const operations: Array<Operation> = plan.operations.map((operation) =>
    operation.do === "modify" && chance.chance(0.5) ? { ...operation, retimed: true } : operation
  )
  const emit = (at: number): void => {
    const values = chance.pick([1, 1, 1, 2, 3, 5, 20])
    const bad = chance.chance(0.05) ? ({ bad: true } as const) : {}
    operations.push({ at, do: "emit", of: chance.pick(streamNames), values, ...bad })
  }
  /** Another trigger for one of the jobs. */
  const changeHands = (at: number): void => {
    const base = chance.pick(plan.definitions)
    const number = definitions.length + 1
    const definition = chance.chance(0.7) ? ofStream(base, chance.pick(streamNames)) : base
    definitions.push({ ...definition, number })
    operations.push(
      chance.pick<Operation>([
        { at, do: "reschedule", definition: number },
        { at, do: "modify", definition: number, retimed: true },
        { at, do: "add", definition: number, ifExists: "replace", paused: false }
      ])
    )
  }
  for (let n = chance.spread(3, 60); n > 0; n--) emit(chance.int(0, plan.length))
  for (let n = chance.int(0, 4); n > 0; n--) changeHands(chance.int(0, plan.length))
  for (let n = chance.int(0, 4); n > 0; n--) {
    let at = chance.int(0, plan.length)
    const how: FaultKind = chance.pick(["before", "after", "slow", "mixed"])
    operations.push({ at, do: "outage", how, ms: chance.spread(second, minute) })
    // What comes behind a commit that is under way shares the next one.
    if (chance.chance(0.5)) operations.push({ at, do: "runJob", id: chance.pick(plan.definitions).id })
    changeHands(at)
    for (let m = chance.int(2, 8); m > 0; m--) {
      at += chance.pick([0, 0, 1, 3, chance.int(1, second)])
      if (chance.chance(0.15)) changeHands(at)
      else if (chance.chance(0.1)) operations.push({ at, do: chance.pick(["pause", "resume"]) })
      else emit(at)
    }
  }
  const narrow = chance.chance(0.4) ? { concurrency: chance.int(1, 3) } : {}
  return { ...plan, ...narrow, definitions, operations: operations.toSorted((a, b) => a.at - b.at) }
}

const streamNames: ReadonlyArray<StreamName> = ["a", "b"]

const ofStream = ({ start: _start, end: _end, ...definition }: Definition, of: StreamName): Definition => ({
  ...definition,
  trigger: { kind: "stream", of }
})

/** One job kills the process whenever it runs, and nothing else goes wrong. */
const withCulprit = (chance: Random, plan: Plan): Plan => {
  const operations = plan.operations.filter((operation) => operation.do === "add")
  const ids = [...new Set(plan.definitions.map(({ id }) => id))]
  const id = chance.pick(ids)
  const afterMs = chance.pick([0, 1, second, chance.spread(second, 4 * minute)])
  const definitions = plan.definitions.map((definition): Definition => {
    const { rules } = definition
    if (definition.id !== id) return definition
    const trigger: TriggerPlan = { kind: "interval", every: chance.spread(second, plan.length), start: 0 }
    return {
      ...{ number: definition.number, id, trigger, behaviours: [{ does: "hang" }] },
      rules: { ...rules, timeout: null, maxRuns: null, misfireGrace: null, overlap: "skip" }
    }
  })
  const culprit = { id, afterMs, deaths: chance.int(1, 6) }
  return { ...plan, definitions, operations, faults: [], crashes: [], culprit }
}

/** After some stops another one, and after some the process dies before it is through. */
const withHastyStops = (chance: Random, plan: Plan): Plan => {
  const hasty = plan.operations.flatMap((operation): ReadonlyArray<Operation> => {
    if (operation.do !== "shutdown" || chance.chance(0.3)) return []
    const at = operation.at + chance.pick([0, 1, chance.int(1, 10 * second)])
    const away = chance.spread(1, minute)
    return chance.chance(0.5)
      ? [{ at, do: "crash", away, redefine: [] }]
      : [{ ...operation, at, wait: chance.chance(0.5), deadline: chance.spread(1, 30 * second) }]
  })
  return { ...plan, operations: [...plan.operations, ...hasty].toSorted((a, b) => a.at - b.at) }
}

const plainPlan = (seed: number): Plan => {
  const chance = new Random(seed)
  const some = (probability: number): boolean => chance.chance(probability)
  const features: Features = {
    ...{ crashes: some(0.6), faults: some(0.4), outages: some(0.25), steps: some(0.3), setBack: some(0.5) },
    ...{ longAway: some(0.3), commands: some(0.2) ? 0 : chance.spread(2, 40), lying: some(0.15), delay: some(0.15) },
    ...{ retries: some(0.5), timeouts: some(0.4), maxRuns: some(0.3), grace: some(0.5), overlap: some(0.6) },
    ...{ all: some(0.3), slowTasks: some(0.7), badTasks: some(0.4) },
    ...{ bursts: some(0.15), farStep: some(0.1), crashLoop: some(0.08), sway: some(0.08) }
  }
  const length = features.farStep ? 20 * second : chance.pick([20 * second, minute, 5 * minute, 20 * minute, 2 * hour])
  const ids = Array.from({ length: chance.spread(1, 6) }, (_, index) => `job-${index}`)
  const definitions: Array<Definition> = []
  const define = (id: string): number => {
    const number = definitions.length + 1
    definitions.push(definitionOf(chance, features, { number, id, length }))
    return number
  }
  const firsts = ids.map((id): Operation => ({
    at: chance.chance(0.7) ? chance.int(0, 3) : chance.int(0, length >> 1),
    do: "add",
    definition: define(id),
    ifExists: "error",
    paused: chance.chance(0.05)
  }))
  const operations = [...firsts]
  for (let n = 0; n < features.commands; n++)
    operations.push(commandOf(chance, chance.int(0, length), chance.pick(ids), define))
  if (features.bursts) {
    for (let n = chance.int(1, 4); n > 0; n--) {
      const [at, id] = [3 * chance.int(0, Math.floor(length / 3)), chance.pick(ids)]
      for (let m = chance.int(2, 4); m > 0; m--) operations.push(commandOf(chance, at, id, define))
    }
  }
  if (features.farStep)
    operations.push({ at: chance.int(0, length), do: "stepWall", ms: chance.int(900, 5000) * second })
  if (features.steps)
    for (let n = chance.int(1, features.setBack ? 6 : 3); n > 0; n--) operations.push(stepOf(chance, features, length))
  if (features.sway) {
    for (let n = chance.int(8, 16); n > 0; n--) {
      const ms = chance.spread(second, length / 3)
      operations.push({ at: chance.int(0, length), do: "stepWall", ms: chance.chance(0.6) ? -ms : ms })
    }
  }
  if (features.outages) for (let n = chance.int(1, 2); n > 0; n--) operations.push(outageOf(chance, length))
  for (let n = some(0.3) ? chance.int(1, 2) : 0; n > 0; n--) {
    const redefine = chance.chance(0.5) ? ids.filter(() => chance.chance(0.5)).map(define) : []
    operations.push({
      at: chance.int(0, length),
      do: "shutdown",
      wait: chance.chance(0.6),
      deadline: chance.spread(100, 30 * second),
      redefine
    })
  }
  if (features.crashes) {
    for (let n = chance.int(0, 2); n > 0; n--) {
      const redefine = chance.chance(0.3) ? ids.filter(() => chance.chance(0.5)).map(define) : []
      operations.push({ at: chance.int(0, length), do: "crash", away: awayOf(chance, features, length), redefine })
    }
  }
  return {
    ...{ seed, store: chance.chance(0.1) ? "sqlite" : "memory", definitions, length },
    operations: operations.toSorted((a, b) => a.at - b.at),
    faults: features.faults ? Array.from({ length: chance.int(1, 5) }, () => faultOf(chance)) : [],
    crashes: features.crashLoop
      ? [1, 2, 3, 4].map((life) => ({ life, point: "taskStart", n: 1, away: second }))
      : features.crashes
        ? crashesOf(chance, features, length)
        : [],
    culprit: null,
    deaths: [],
    concurrency: chance.chance(0.1) ? chance.int(1, 3) : 100,
    cachedJobs: chance.pick([0, 1, 1000]),
    commandTimeout: chance.pick([null, 30 * second, 2 * second])
  }
}

const definitionOf = (
  chance: Random,
  features: Features,
  { number, id, length }: { readonly number: number; readonly id: string; readonly length: number }
): Definition => {
  const trigger = triggerOf(chance, features, length)
  // An end that is a fire time itself shows whether it is inclusive.
  const end =
    trigger.kind === "interval"
      ? trigger.start + trigger.every * Math.ceil((chance.int(length >> 2, length) - trigger.start) / trigger.every)
      : roundTo(chance.int(length >> 1, length), second)
  return {
    ...{ number, id, trigger, rules: rulesOf(chance, features, length) },
    ...(chance.chance(0.1) ? { start: chance.int(0, length >> 1) } : {}),
    ...(chance.chance(0.2) ? { end: Math.max(end, length >> 1) } : {}),
    behaviours: behavioursOf(chance, features, length)
  }
}

const roundTo = (ms: number, unit: number): number => Math.round(ms / unit) * unit

/** Few fires a job: 2 to 60 in a life. */
const triggerOf = (chance: Random, features: Features, length: number): TriggerPlan => {
  const every = Math.max(
    second,
    roundTo(chance.spread(length / 60, length / 2), length > 10 * minute ? minute : second)
  )
  const start = chance.chance(0.5) ? 0 : chance.int(-day, length)
  if (features.farStep && chance.chance(0.5)) return { kind: "uneven", seed: chance.int(1, 1_000_000), scale: second }
  if (features.lying && chance.chance(0.4))
    return { kind: "lying", how: chance.pick(lies), every, from: chance.int(1, length) + every }
  if (features.delay && chance.chance(0.4)) return { kind: "delay", every, start: Math.max(0, start) }
  switch (chance.int(0, 9)) {
    case 0:
      return { kind: "date", at: chance.int(0, length) }
    case 1:
      return { kind: "date", at: chance.int(-hour, 0) }
    case 2:
      return { kind: "uneven", seed: chance.int(1, 1_000_000), scale: every }
    case 3:
      return { kind: "calendar", days: chance.int(1, 3), hour: 0, minute: chance.int(0, 59) }
    case 4:
    case 5:
      return { kind: "cron", expression: cronOf(chance, every) }
    case 6:
      return { kind: "interval", every, start, end: chance.int(0, length) + Math.max(0, start) }
    default:
      return { kind: "interval", every, start }
  }
}

const cronOf = (chance: Random, every: number): string => {
  if (every < minute) return `*/${Math.max(1, Math.min(30, Math.round(every / second)))} * * * * *`
  if (every < hour)
    return chance.chance(0.5)
      ? `*/${Math.min(30, Math.round(every / minute))} * * * *`
      : `${chance.int(0, 59)} * * * * *`
  return `${chance.int(0, 59)} */${chance.int(1, 6)} * * *`
}

const rulesOf = (chance: Random, features: Features, length: number): RulesPlan => ({
  misfireGrace:
    features.grace && chance.chance(0.6) ? chance.pick([0, 1, second, chance.spread(second, length)]) : null,
  coalesce: features.all && chance.chance(0.6) ? "all" : chance.pick(["latest", "latest", "earliest"]),
  maxInstances: chance.pick([1, 1, 1, 2, 3]),
  overlap: features.sway
    ? chance.pick(["queue-one", "queue-all"])
    : features.overlap
      ? chance.pick(["skip", "queue-one", "queue-all", "cancel-running"])
      : "skip",
  retry: features.retries && chance.chance(0.7) ? retryOf(chance, length) : null,
  timeout: features.timeouts && chance.chance(0.7) ? chance.spread(100, length / 4) : null,
  onInterrupted: chance.pick(["rerun", "rerun", "skip"]),
  maxRuns: features.maxRuns && chance.chance(0.6) ? chance.spread(1, 8) : null
})

const retryOf = (chance: Random, length: number): NonNullable<RulesPlan["retry"]> => {
  const attempts = chance.int(1, 5)
  const backoff = chance.pick([0, 1, second, chance.spread(100, length / 10)])
  const factor = chance.pick([1, 2, 3])
  const maxBackoff = Math.max(backoff, chance.pick([second, minute, hour]))
  return { attempts, backoff, factor, maxBackoff, ...(chance.chance(0.3) ? { when: ["Again"] } : {}) }
}

const behavioursOf = (chance: Random, features: Features, length: number): ReadonlyArray<Behaviour> => {
  const ms = (): number => chance.spread(10, length / 8)
  if (features.sway) return [{ does: "slow", ms: chance.spread(length / 20, length / 4) }]
  const all: ReadonlyArray<() => Behaviour> = [
    () => ({ does: "instant" }),
    ...(features.slowTasks
      ? [(): Behaviour => ({ does: "slow", ms: ms() }), (): Behaviour => ({ does: "slow", ms: ms() })]
      : []),
    ...(features.retries
      ? [(): Behaviour => ({ does: "fail", error: chance.pick(["Again", "Never"]), ms: chance.chance(0.5) ? 0 : ms() })]
      : []),
    ...(features.badTasks
      ? [
          (): Behaviour => ({ does: "hang" }),
          (): Behaviour => ({ does: "ignore", ms: ms() }),
          (): Behaviour => ({ does: "throwNull" }),
          (): Behaviour => ({ does: "settleTwice", ms: ms() }),
          (): Behaviour => ({ does: "notJson" })
        ]
      : [])
  ]
  return Array.from({ length: chance.int(1, 4) }, () => chance.pick(all)())
}

const commandOf = (chance: Random, at: number, id: string, define: (id: string) => number): Operation => {
  switch (chance.int(0, 13)) {
    case 0:
    case 1:
      return {
        at,
        do: "add",
        definition: define(id),
        ifExists: chance.pick(["replace", "replace", "error", "keep"]),
        paused: chance.chance(0.1)
      }
    case 2:
    case 3:
      return { at, do: "modify", definition: define(id) }
    case 4:
      return { at, do: "reschedule", definition: define(id) }
    case 5:
    case 6:
      return { at, do: "pauseJob", id }
    case 7:
    case 8:
      return { at, do: "resumeJob", id, missed: chance.pick(["skip", "coalesce", null]) }
    case 9:
      return { at, do: "removeJob", id }
    case 10:
      return { at, do: "runJob", id }
    case 11:
      return { at, do: "cancelRun", id }
    case 12:
      return { at, do: "pause" }
    default:
      return { at, do: "resume" }
  }
}

const stepOf = (chance: Random, features: Features, length: number): Operation => {
  const far = chance.spread(100, Math.max(200, length / 2))
  return { at: chance.int(0, length), do: "stepWall", ms: features.setBack && chance.chance(0.6) ? -far : far }
}

const outageOf = (chance: Random, length: number): Operation => {
  const how: FaultKind = chance.pick(["before", "after", "slow", "mixed"])
  return { at: chance.int(0, length), do: "outage", how, ms: chance.spread(100, Math.max(200, length / 4)) }
}

const faultOf = (chance: Random): Fault => ({
  ...(chance.chance(0.5)
    ? ({ of: "any", call: chance.spread(1, 150) } as const)
    : ({ of: "commit", call: chance.spread(1, 40) } as const)),
  life: chance.int(1, 3),
  calls: chance.pick([1, 1, 1, 2, 3, 8]),
  how: chance.pick(["before", "after", "after", "slow"])
})

const crashesOf = (chance: Random, features: Features, length: number): ReadonlyArray<Crash> =>
  Array.from({ length: chance.int(1, 5) }, (_, index) => {
    const point = chance.pick(crashPoints)
    const often = point === "beforeCall" || point === "afterCall" ? 120 : point === "event" ? 80 : 20
    return { life: index + 1, point, n: chance.spread(1, often), away: awayOf(chance, features, length) }
  })

/** How long a process stays away: mostly shortly, sometimes so long that much is missed. */
const awayOf = (chance: Random, features: Features, length: number): number =>
  features.longAway ? chance.spread(second, length) : chance.pick([0, second, chance.spread(10, length / 10)])
