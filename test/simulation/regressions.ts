/** Seeds that once found a bug, and what it was. They are run each time; a change of the generator may make them ordinary ones. */
export const regressionSeeds: ReadonlyArray<{ readonly seed: number; readonly found: string }> = [
  { seed: 80, found: "a job whose queue ran out as it came due was stored in a state that its snapshot contradicts" },
  { seed: 30059, found: "verify took a maxRuns that was lowered below the runs so far for damage" },
  { seed: 31718, found: "a job declared again with a higher maxRuns while its last run was live ended all the same" },
  { seed: 607, found: "a done job that was given a past date counted its old fire times against it" },
  { seed: 100874, found: "a pause counted fire times after the last run of maxRuns as lost" },
  { seed: 101652, found: "modifyJob was refused for a faulty trigger, and the rules were changed all the same" },
  { seed: 602854, found: "a paused job whose requested run was poison was parked without a word" },
  { seed: 249, found: "a fixed delay whose run was interrupted for good counted from its claim, not from its end" },
  { seed: 50054, found: "a value beyond maxRuns, under coalesce all, took the cursor back and was in no entry" },
  {
    seed: 214,
    found: "the keys of runs began below what a clock set right had counted from, so verify took them for older ones"
  },
  {
    seed: 130015,
    found: "a request that waited was claimed with the key of the store's first run when a late fire time came"
  },
  {
    seed: 144,
    found: "a delay that an event began anew, as the machine was restored, was saved as due when the one before it was"
  }
]
