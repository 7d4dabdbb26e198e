/** How do I run a job whenever something happens? Prints one run for each order of an RxJS stream, with the order among its arguments. */
import { createScheduler, stream, task } from "carillon"
import { filter, Subject } from "rxjs"

interface Order {
  readonly id: number
  readonly total: number
}

const orders = new Subject<Order>()
const largeOrders = orders.pipe(filter(({ total }) => total >= 100))

const review = task<"review", string, { readonly by: string; readonly value: Order }>(
  "review",
  ({ args: { by, value } }) => `order ${value.id} of ${value.total} reviewed by ${by}`
)

const scheduler = createScheduler({ tasks: [review], streams: { largeOrders } })
const reviewed = new Promise<void>((resolve) => {
  let count = 0
  scheduler.on("RunSucceeded", ({ result }) => {
    console.log(result)
    if (++count === 2) resolve()
  })
})

await scheduler.start()
// A stream's job is stored like any other: retries, overlap policies and the ledger are the same.
await scheduler.addJob({
  id: "review-large",
  task: "review",
  // What the stream gives is added as `value`.
  args: { by: "anna" },
  trigger: stream("largeOrders"),
  overlap: "queue-all"
})

orders.next({ id: 1, total: 250 })
orders.next({ id: 2, total: 20 })
orders.next({ id: 3, total: 100 })

await reviewed
await scheduler.shutdown()
