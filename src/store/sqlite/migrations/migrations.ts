/** The schema's history. A release only ever appends: files in the field hold every earlier version. */
import { initial } from "./0001_initial.ts"
import { marks } from "./0002_marks.ts"
import { checkpoints } from "./0003_checkpoints.ts"
import { messages } from "./0004_messages.ts"
import { events } from "./0005_events.ts"

/** Statements that lead from version `index` to `index + 1`. */
export const migrations: ReadonlyArray<ReadonlyArray<string>> = [initial, marks, checkpoints, messages, events]

/** The version this release writes and the newest it reads. */
export const schemaVersion = migrations.length
