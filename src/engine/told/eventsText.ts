/**
 * What a commit tells as text, to be stored with it. Nearly all that is told are claims and ends of runs, and their rows say the rest:
 * they are written as stretches of run keys, a few characters for hundreds. A job's life is a letter and an id, and what is rare an event as
 * it is. The first word says who told it. In the order in which they are told: the place of an event in its commit is part of its id.
 */
import type { EventSink } from "../../event/eventStream.ts"
import type { EventBody } from "../../event/schedulerEvent.ts"

/** What a stretch of run keys is told as: a claim each, an end each, or an end each with which its job is done. */
export const stretchKinds = { claims: 0, ends: 1, lastEnds: 2 } as const

type StretchKind = (typeof stretchKinds)[keyof typeof stretchKinds]

/** Events that say nothing but which job. The letters are the file format: append only. */
export const jobLetters = {
  JobAdded: "a",
  JobModified: "m",
  JobRemoved: "r",
  JobPaused: "p",
  JobResumed: "u",
  JobDone: "d"
} as const

const letterOf = (type: string): string | undefined => (jobLetters as Readonly<Record<string, string>>)[type]

export class EventsText implements EventSink {
  private readonly era: string
  private text = ""
  private kind: StretchKind | null = null
  private first = 0
  private count = 0
  /** The end that came last, which may be one with which its job is done; `null`: something else did. */
  private ended: { readonly runKey: number; readonly jobId: string } | null = null

  /** `era`: of the owner that tells. Letters and digits. */
  constructor(era: string) {
    this.era = era
  }

  /** `null`: nothing is told. */
  get whole(): string | null {
    this.closeStretch()
    return this.text === "" ? null : `["${this.era}"${this.text}]`
  }

  claim(runKey: number): void {
    this.writeEnd(stretchKinds.ends)
    this.extend(stretchKinds.claims, runKey)
  }

  /** The run is over, with all that its row says. */
  end(runKey: number, jobId: string): void {
    this.writeEnd(stretchKinds.ends)
    this.ended = { runKey, jobId }
  }

  wants(): boolean {
    return true
  }

  tell(body: EventBody): void {
    const letter = letterOf(body.type)
    if (letter === undefined || !("jobId" in body)) this.item(JSON.stringify(body))
    else if (letter === jobLetters.JobDone && body.jobId === this.ended?.jobId) this.writeEnd(stretchKinds.lastEnds)
    else this.item(JSON.stringify(letter + body.jobId))
  }

  skip(): void {
    // Nothing is skipped: all is wanted.
  }

  private writeEnd(kind: StretchKind): void {
    const { ended } = this
    this.ended = null
    if (ended !== null) this.extend(kind, ended.runKey)
  }

  private extend(kind: StretchKind, runKey: number): void {
    if (this.kind === kind && runKey === this.first + this.count) this.count += 1
    else {
      this.writeStretch()
      this.kind = kind
      this.first = runKey
      this.count = 1
    }
  }

  private item(json: string): void {
    this.closeStretch()
    this.add(json)
  }

  private closeStretch(): void {
    this.writeEnd(stretchKinds.ends)
    this.writeStretch()
  }

  private writeStretch(): void {
    const { kind, first, count } = this
    this.kind = null
    if (kind !== null) this.add(count === 1 ? `[${kind},${first}]` : `[${kind},${first},${count}]`)
  }

  private add(json: string): void {
    this.text = `${this.text},${json}`
  }
}
