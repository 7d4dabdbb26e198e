#!/usr/bin/env node
/** `carillon`: what is done to a store from a terminal. */
import { inspect } from "node:util"
import { runCommand } from "./runCommand.ts"

// What nobody foresaw says nothing about the file. Node would end with 1, as when something is wrong with it.
process.on("uncaughtException", (error) => {
  process.stderr.write(`${inspect(error)}\n`)
  process.exit(2)
})

process.exitCode = await runCommand(process.argv.slice(2), {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`)
})
