/** `carillon/cron-parser`: for jobs that come from schedulers built on cron-parser, which the program installs beside Carillon. */
export { cronParser, type CronParserOptions, type CronParserTrigger } from "./trigger/cronParser/cronParser.ts"
export { compareCron, type CronComparisonOptions } from "./scheduler/comparedCron.ts"
export type { CronComparison, CronDifference, CronDifferenceReason } from "./trigger/cronParser/compareCron.ts"
export { importFrom, InvalidImportError } from "./scheduler/importing/importFrom.ts"
export type { ImportChange, ImportedJobs, ImportFromOptions, ImportSource } from "./scheduler/importing/importFrom.ts"
export type { ImportedJob } from "./scheduler/importing/importedJob.ts"
export type { CronSource } from "./scheduler/importing/sourceEntry.ts"
