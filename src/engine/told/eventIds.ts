/** How far each store has told its events: what the id of the next event is made of. */
import type { EventPlace, EventPlaces } from "../../event/eventId.ts"
import { eventId } from "../../event/eventId.ts"

export class EventIds {
  private readonly places = new Map<string, EventPlace>()

  /** Behind all that stores have told, by name; of one that has gone, where it stood. */
  get told(): EventPlaces {
    return this.places
  }

  /** `store` has told all up to there. */
  tell(store: string, place: EventPlace): void {
    this.places.set(store, place)
  }

  /** The ids of the events of a commit, by their places in it. */
  ofCommit(store: string, number: number, era: string): (index: number) => string {
    const places = new Map(this.places)
    return (index) => eventId(places.set(store, { number, index, era }))
  }
}
