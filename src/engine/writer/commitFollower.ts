/** What keeps up with commits: live actors, waiting callers, retention, and whatever else wants to know what is on disk. */
import type { UnitOfWork } from "./unitOfWork.ts"

/** `W`: what it needs to know of the writer. */
export interface CommitFollower<W> {
  /** The unit is on disk and published, and nothing of it is started yet. Called within the commit: takes no time and throws nothing. */
  follow(writer: W, unit: UnitOfWork): void
}
