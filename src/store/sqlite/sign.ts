/**
 * The owner's sign: a socket that nobody talks over, and that only one process can have. Unlike a lock of a file it ends with its
 * process and by nothing else: POSIX locks go as soon as the process closes any handle of the file, as a copy of the directory does.
 * Linux keeps it under a name that is no file, so it lies in nobody's directory; other systems beside their temporary files. Windows
 * needs none: its locks belong to the handle.
 */
import { chmodSync, rmSync, statSync } from "node:fs"
import { connect, createServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, type Scope } from "effect"

/** Tries to have the sign of the file at `path` until the scope closes. False: another has it. True too where a system has no such sockets. */
export const raiseSign = (
  path: string,
  platform: NodeJS.Platform = process.platform
): Effect.Effect<boolean, never, Scope.Scope> =>
  Effect.suspend(() => {
    const address = addressOf(path, platform)
    return address === null ? Effect.succeed(true) : raiseAt(address)
  })

/** By what the file is, so that it has one sign whatever it is called; `null`: needs none. */
const addressOf = (path: string, platform: NodeJS.Platform): string | null => {
  if (platform === "win32") return null
  const { dev, ino } = statSync(path, { bigint: true })
  return platform === "linux" ? `\0carillon:${dev}:${ino}` : join(tmpdir(), `carillon-${dev}-${ino}.sock`)
}

/** A socket with a name among the files outlives a process that is killed; nobody answers there then, and it is taken away. */
const raiseAt = (address: string, tries = 3): Effect.Effect<boolean, never, Scope.Scope> =>
  Effect.flatMap(listening(address), (server) => {
    if (server !== "taken") return Effect.succeed(true)
    return Effect.flatMap(answers(address), (alive) => {
      if (alive || tries === 1) return Effect.succeed(false)
      if (!isAbstract(address)) rmSync(address, { force: true })
      return raiseAt(address, tries - 1)
    })
  })

const isAbstract = (address: string): boolean => address.startsWith("\0")

const listening = (address: string): Effect.Effect<Server | "taken" | null, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Server | "taken" | null>((resume) => {
      const server = createServer((socket) => socket.destroy())
      server.once("error", (error: NodeJS.ErrnoException) =>
        // Sockets may be forbidden here: then there is the lock alone.
        resume(Effect.succeed(error.code === "EADDRINUSE" ? "taken" : null))
      )
      // Not shared with the other workers of a cluster.
      server.listen({ path: address, exclusive: true }, () => {
        server.unref()
        if (!isAbstract(address)) chmodSync(address, 0o600)
        resume(Effect.succeed(server))
      })
    }),
    (server) =>
      server === null || server === "taken"
        ? Effect.void
        : Effect.async<void>((resume) => {
            server.close(() => resume(Effect.void))
          })
  )

/** A process that was stopped, or has no time to take the call, is there all the same. */
const answers = (address: string): Effect.Effect<boolean> =>
  Effect.async<boolean>((resume) => {
    const socket = connect(address)
    const told = (alive: boolean): void => {
      socket.destroy()
      resume(Effect.succeed(alive))
    }
    socket.once("connect", () => told(true))
    socket.once("error", (error: NodeJS.ErrnoException) =>
      told(error.code !== "ECONNREFUSED" && error.code !== "ENOENT")
    )
  })
