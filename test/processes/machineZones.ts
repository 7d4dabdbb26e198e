/** Machines whose zone has no name, and what a program that takes the machine's zone answers there. */
import { execFileSync } from "node:child_process"
import { dirname, join } from "node:path"
import { bundled } from "../bundle.ts"
import { temporaryFile } from "../scenarios/world.ts"

/** `TZ`, and noon of the machine in winter and in summer, UTC. */
export const machines = [
  ["UTC-3", "2026-01-01T09:00", "2026-07-01T09:00"],
  ["JST-9", "2026-01-01T03:00", "2026-07-01T03:00"],
  ["GMT+5", "2026-01-01T17:00", "2026-07-01T17:00"],
  ["<+0330>-3:30", "2026-01-01T08:30", "2026-07-01T08:30"],
  ["CET-1CEST,M3.5.0,M10.5.0/3", "2026-01-01T11:00", "2026-07-01T10:00"],
  [":/usr/share/zoneinfo/Europe/Berlin", "2026-01-01T11:00", "2026-07-01T10:00"],
  [":Europe/Berlin", "2026-01-01T11:00", "2026-07-01T10:00"],
  ["Europe/Berln", "2026-01-01T12:00", "2026-07-01T12:00"],
  ["", "2026-01-01T12:00", "2026-07-01T12:00"]
] as const

/** Runs the program with a `TZ`; its answer. */
export const machineZoneStart = async (): Promise<(TZ: string) => object> => {
  const program = await bundled(join(import.meta.dirname, "machineZoneStart.ts"), dirname(temporaryFile()))
  return (TZ) =>
    JSON.parse(execFileSync(process.execPath, [program], { env: { ...process.env, TZ }, encoding: "utf8" })) as object
}

/** A scheduler with a zone of its own has nothing of the machine's. */
export const answerOf = ([TZ, winter, summer]: (typeof machines)[number]): object => ({
  TZ,
  noons: [winter, summer],
  own: winter,
  stockholm: "2026-01-01T11:00",
  others: 3
})
