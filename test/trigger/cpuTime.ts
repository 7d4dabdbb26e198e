/** What this process has cost so far, in milliseconds: unlike a clock it stands still while the machine is busy with other things. */
export const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
