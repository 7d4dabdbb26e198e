/** What a cron expression asks for, in either dialect, after reading and before compiling. Plain data. */

/** One way to name days of a month. Weekdays: 0 is Sunday. */
export type DayTerm =
  | { readonly _tag: "Day"; readonly day: number }
  /** `before` days before the month's last; 0 is the last. */
  | { readonly _tag: "LastDay"; readonly before: number }
  /** The Monday to Friday nearest to `day`, in the same month; none where the month lacks the day. */
  | { readonly _tag: "NearestWorkday"; readonly day: number }
  | { readonly _tag: "LastWorkday" }
  | { readonly _tag: "Weekday"; readonly weekday: number }
  /** `nth` 1 to 5; none where the month has no fifth. */
  | { readonly _tag: "NthWeekday"; readonly weekday: number; readonly nth: number }
  | { readonly _tag: "LastWeekday"; readonly weekday: number }

export interface CronRule {
  readonly seconds: ReadonlyArray<number>
  readonly minutes: ReadonlyArray<number>
  readonly hours: ReadonlyArray<number>
  /** Any of these names the day; `undefined` is every day. */
  readonly daysOfMonth: ReadonlyArray<DayTerm> | undefined
  readonly daysOfWeek: ReadonlyArray<DayTerm> | undefined
  /** `either`: one of the two day fields is enough (crontab(5), both restricted). `both`: each must match. */
  readonly dayFields: "either" | "both"
  /** 1 to 12. */
  readonly months: ReadonlyArray<number>
  /** ISO weeks 1 to 53; `undefined` is every week. */
  readonly weeks: ReadonlyArray<number> | undefined
  /** 1970 to 9999, ascending; `undefined` is every year. */
  readonly years: ReadonlyArray<number> | undefined
  /**
   * `elapsed`: the minute or hour field begins with `*`, so the expression follows elapsed time through a gap and a fold, by the rule of
   * the programs cronie and Vixie cron. `wall`: fixed wall times, each served once.
   */
  readonly pace: "elapsed" | "wall"
}
