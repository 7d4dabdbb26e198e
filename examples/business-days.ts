/** How do I run a job on business days only, leaving out weekends and public holidays? Prints the last days of a Swedish December. */
import { cron, describeTrigger, fireTimes, holidayCalendar, not } from "carillon"

const swedish = holidayCalendar("swedish", [
  "2026-12-24",
  "2026-12-25",
  "2026-12-26",
  "2026-12-31",
  "2027-01-01",
  "2027-01-06"
])
const timezone = "Europe/Stockholm"

// The calendar is stored by its name: give it to the scheduler too, `createScheduler({ calendars: [swedish], … })`.
const businessDays = not(cron("0 9 * * MON-FRI", { timezone }), { calendar: swedish }, { timezone })

console.log(describeTrigger(businessDays))
for (const fireAt of fireTimes(businessDays, { after: "2026-12-22", until: "2027-01-08", timezone })) {
  console.log(
    new Date(fireAt).toLocaleString("en-GB", {
      timeZone: timezone,
      weekday: "short",
      day: "2-digit",
      month: "short",
      year: "numeric"
    })
  )
}
