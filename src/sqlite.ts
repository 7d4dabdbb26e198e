/** `carillon/sqlite`: the store in a file, and its check. Node only, native code; the core entry never imports it. */
export { InvalidSqliteOption, sqlite, type SqliteOptions } from "./store/sqlite/sqliteStore.ts"
export { SqliteStore } from "./store/sqlite/sqliteLayer.ts"
export { verifyFile, type VerifyFileOptions } from "./verify/verifyFile.ts"
