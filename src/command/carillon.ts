#!/usr/bin/env node
/** `carillon`: what is done to a store from a terminal. */
import { runCommand } from "./runCommand.ts"

process.exitCode = await runCommand(process.argv.slice(2), {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`)
})
