/** `carillon/sqlite`: the store in a file. Node only, native code; the core entry never imports it. */
export { InvalidSqliteOption, sqlite, type SqliteOptions } from "./store/sqliteStore.ts"
