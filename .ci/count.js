/** Prints `N passed, N failed` over all test reports. Ends with 1 when a test failed, a file did not load or none ran. */
import { readFileSync, readdirSync } from "node:fs"

const folder = new URL("../.report/", import.meta.url)
const names = (() => {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(".json"))
  } catch {
    return []
  }
})()
const reports = names.map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")))
const sum = (count) => reports.reduce((total, report) => total + count(report), 0)

const passed = sum((report) => report.numPassedTests)
// A file that fails to load has no tests of its own; it counts as one.
const unloaded = sum(
  (report) => report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length
)
const failed = sum((report) => report.numFailedTests) + unloaded

console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
