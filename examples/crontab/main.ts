/** A crontab run by a scheduler that forgets nothing: stop it, start it again, and it says what became of what came due meanwhile. */
import { readArguments, usage } from "./options.ts"

const reading = readArguments(process.argv.slice(2))

switch (reading._tag) {
  case "Help":
    console.log(usage)
    break
  case "Misuse":
    console.error(`${reading.message}\n\n${usage}`)
    process.exitCode = 2
    break
  case "Run": {
    // Loaded only now, so that help and mistakes are answered at once.
    const { runCrontab } = await import("./runCrontab.ts")
    process.exitCode = await runCrontab(reading.options)
  }
}
