/** Where something is in a value, in words. */
import { inWords } from "../input/inWords.ts"

/** `["a", 0, "b c"]` as `a[0]["b c"]`; the empty path as `the value`. At most 200 characters. */
export const pathText = (path: ReadonlyArray<string | number>): string => {
  if (path.length === 0) return "the value"
  let text = ""
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`
    else if (/^[A-Za-z_$][\w$]*$/.test(key)) text += text === "" ? key : `.${key}`
    else text += `[${inWords(key)}]`
    if (text.length > 200) return `${text.slice(0, 200)}…`
  }
  return text
}
