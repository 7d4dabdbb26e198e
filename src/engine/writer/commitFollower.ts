/** What keeps up with commits: live actors, waiting callers, retention, and whatever else wants to know what is on disk. */
import type { StoreWriter } from "./storeWriter.ts"
import type { UnitOfWork } from "./unitOfWork.ts"

export interface CommitFollower {
  /** The unit is on disk and published, and nothing of it is started yet. Called within the commit: takes no time and throws nothing. */
  follow(writer: StoreWriter, unit: UnitOfWork): void
}
