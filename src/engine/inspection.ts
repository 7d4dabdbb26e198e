/** A caller's inspector, kept from doing harm: XState calls it within its own steps, so what it throws would break them. */
import type { InspectionEvent } from "xstate"
import type { EngineOptions } from "./engineOptions.ts"

/** Passes everything on; what the inspector throws is reported, and the actors go on. */
export const guardedInspect =
  ({ inspect, onError }: Pick<EngineOptions, "inspect" | "onError">) =>
  (event: InspectionEvent): void => {
    try {
      if (typeof inspect === "function") inspect(event)
      else inspect?.next?.(event)
    } catch (error) {
      onError(error, "the inspector")
    }
  }
