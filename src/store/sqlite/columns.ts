/**
 * What a column holds by the schema, which damage does not keep to: another table's page in the place of one leaves NULL, text or
 * numbers where each other belong, in columns declared STRICT and NOT NULL. So each row is looked at before anybody uses it.
 */
import { Effect } from "effect"
import { inWords } from "../../input/inWords.ts"
import { StoreUnreadable } from "../storeError.ts"

/** A column of a query: its name, whether it holds text or a whole number, and what stands for one that cannot be read. */
export interface Column {
  readonly name: string
  readonly text: boolean
  /** May be NULL. */
  readonly nullable: boolean
  readonly standIn: unknown
}

export const whole = (name: string, standIn: number): Column => ({ name, text: false, nullable: false, standIn })
export const wholeOrNull = (name: string, standIn: number | null = null): Column => ({
  name,
  text: false,
  nullable: true,
  standIn
})
export const text = (name: string, standIn = ""): Column => ({ name, text: true, nullable: false, standIn })
export const textOrNull = (name: string): Column => ({ name, text: true, nullable: true, standIn: null })

const fits = ({ text, nullable }: Column, value: unknown): boolean =>
  value === null ? nullable : text ? typeof value === "string" : Number.isInteger(value)

/** A row as its columns promise it, and what of it they do not hold; `null`: all is as it must be. */
export const readColumns = <Row extends ReadonlyArray<unknown>>(
  columns: ReadonlyArray<Column>,
  row: Row
): { readonly row: Row; readonly damage: string | null } => {
  if (columns.every((column, index) => fits(column, row[index]))) return { row, damage: null }
  const odd = columns.flatMap((column, index) => (fits(column, row[index]) ? [] : [sentence(column, row[index])]))
  return {
    // Each stand-in is of its column's type, so that the row is of its own.
    row: columns.map((column, index) => (fits(column, row[index]) ? row[index] : column.standIn)) as unknown as Row,
    damage: odd.join(", ")
  }
}

const sentence = ({ name, text }: Column, found: unknown): string =>
  `${name} is ${shown(found)} where ${text ? "text" : "a whole number"} belongs`

const shown = (found: unknown): string =>
  found === null ? "NULL" : found instanceof Uint8Array ? "a blob" : inWords(found)

/** A number on which all jobs lean. */
export const wholeNumber = (store: string, name: string, found: unknown): Effect.Effect<number, StoreUnreadable> =>
  Number.isInteger(found)
    ? Effect.succeed(found as number)
    : Effect.fail(new StoreUnreadable({ store, cause: sentence(whole(name, 0), found) }))
