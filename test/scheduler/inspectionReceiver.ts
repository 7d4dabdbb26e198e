/** The far end of Stately's WebSocket inspector: takes its messages on loopback. Knows only what it needs of RFC 6455. */
import { createHash } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"

export interface InspectionReceiver extends AsyncDisposable {
  readonly url: string
  /** Resolves with the first message that fits, of those that came and those that will. */
  first<Message>(fits: (message: unknown) => message is Message): Promise<Message>
}

/** Listens on a free port of 127.0.0.1. */
export const receiveInspection = async (): Promise<InspectionReceiver> => {
  const messages: Array<unknown> = []
  const sockets = new Set<Duplex>()
  let told = (): void => undefined
  const server = createServer()
  server.on("upgrade", (request, socket) => {
    sockets.add(socket)
    const key = `${request.headers["sec-websocket-key"] ?? ""}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash("sha1").update(key).digest("base64")
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
    )
    let bytes = Buffer.alloc(0)
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      for (let frame = readFrame(bytes); frame !== null; frame = readFrame(bytes)) {
        bytes = bytes.subarray(frame.end)
        if (frame.opcode === textFrame) messages.push(JSON.parse(frame.text))
        if (frame.opcode === closeFrame) socket.end(Buffer.from([0x88, 0]))
      }
      told()
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    first: async <Message>(fits: (message: unknown) => message is Message) => {
      for (;;) {
        const found = messages.find(fits)
        if (found !== undefined) return found
        await new Promise<void>((resolve) => (told = resolve))
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, "close")
    }
  }
}

const textFrame = 1
const closeFrame = 8

interface Frame {
  readonly opcode: number
  readonly text: string
  /** Where the next one starts. */
  readonly end: number
}

/** `null` while the frame is incomplete. A client's frames are masked, and this client sends a message in one frame. */
const readFrame = (bytes: Buffer): Frame | null => {
  if (bytes.length < 2) return null
  const short = bytes.readUInt8(1) & 0x7f
  const maskAt = short === 127 ? 10 : short === 126 ? 4 : 2
  const start = maskAt + 4
  if (bytes.length < start) return null
  const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short
  const end = start + length
  if (bytes.length < end) return null
  const payload = Buffer.from(bytes.subarray(start, end))
  for (let at = 0; at < length; at++) payload.writeUInt8(payload.readUInt8(at) ^ bytes.readUInt8(maskAt + (at % 4)), at)
  return { opcode: bytes.readUInt8(0) & 0x0f, text: payload.toString("utf8"), end }
}
