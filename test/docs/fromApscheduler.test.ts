import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const page = readFileSync(fileURLToPath(new URL("../../docs/from-apscheduler.md", import.meta.url)), "utf8")

/** Public names, by line of versions and by kind: what its documentation and its modules export. */
const names = {
  "3.x schedulers":
    "BlockingScheduler BackgroundScheduler AsyncIOScheduler GeventScheduler TornadoScheduler TwistedScheduler QtScheduler configure start shutdown pause resume state running wakeup add_executor remove_executor add_jobstore remove_jobstore add_listener remove_listener add_job scheduled_job modify_job reschedule_job pause_job resume_job remove_job remove_all_jobs get_jobs get_job print_jobs export_jobs import_jobs",
  "3.x parameters of add_job":
    "func trigger args kwargs id name misfire_grace_time coalesce max_instances next_run_time jobstore executor replace_existing",
  "3.x job": "func_ref pending modify reschedule remove",
  "3.x triggers":
    "DateTrigger run_date IntervalTrigger weeks days hours minutes seconds start_date end_date timezone jitter CronTrigger year month day week day_of_week hour minute second from_crontab CalendarIntervalTrigger AndTrigger OrTrigger BaseTrigger get_next_fire_time",
  "3.x stores":
    "MemoryJobStore SQLAlchemyJobStore MongoDBJobStore RedisJobStore RethinkDBJobStore ZooKeeperJobStore EtcdJobStore BaseJobStore lookup_job get_due_jobs get_next_run_time get_all_jobs update_job",
  "3.x executors":
    "ThreadPoolExecutor ProcessPoolExecutor AsyncIOExecutor DebugExecutor GeventExecutor TornadoExecutor TwistedExecutor BaseExecutor max_workers pool_kwargs",
  "3.x events":
    "EVENT_SCHEDULER_STARTED EVENT_SCHEDULER_START EVENT_SCHEDULER_SHUTDOWN EVENT_SCHEDULER_PAUSED EVENT_SCHEDULER_RESUMED EVENT_EXECUTOR_ADDED EVENT_EXECUTOR_REMOVED EVENT_JOBSTORE_ADDED EVENT_JOBSTORE_REMOVED EVENT_ALL_JOBS_REMOVED EVENT_JOB_ADDED EVENT_JOB_REMOVED EVENT_JOB_MODIFIED EVENT_JOB_SUBMITTED EVENT_JOB_EXECUTED EVENT_JOB_ERROR EVENT_JOB_MISSED EVENT_JOB_MAX_INSTANCES EVENT_ALL SchedulerEvent JobEvent JobSubmissionEvent JobExecutionEvent code alias job_id scheduled_run_time scheduled_run_times retval exception traceback",
  "3.x configuration":
    "apscheduler.timezone apscheduler.job_defaults apscheduler.jobstores apscheduler.executors apscheduler.jobstore_retry_interval apscheduler.logger apscheduler.daemon event_loop io_loop reactor",
  "3.x exceptions":
    "JobLookupError ConflictingIdError TransientJobError SchedulerAlreadyRunningError SchedulerNotRunningError MaxInstancesReachedError",
  "4.0 records":
    "Task configure_task get_tasks job_executor max_running_jobs TaskDefaults metadata running_jobs Schedule task_id paused CoalescePolicy max_jitter next_fire_time last_fire_time acquired_by acquired_until job_result_expiration_time created_at schedule_id scheduled_fire_time original_scheduled_time start_deadline result_expiration_time JobResult outcome started_at finished_at expires_at return_value JobOutcome missed_start_deadline abandoned deserialization_failed cancelled ConflictPolicy do_nothing RunState SchedulerRole",
  "4.0 schedulers":
    "AsyncScheduler data_store event_broker identity role lease_duration max_concurrent_jobs job_executors task_defaults cleanup_interval cleanup logger run_until_stopped start_in_background wait_until_stopped stop add_schedule get_schedule get_schedules remove_schedule pause_schedule unpause_schedule resume_from run_job get_job_result subscribe get_next_event current_job current_scheduler current_async_scheduler",
  "4.0 parts":
    "run_time microseconds start_time end_time threshold max_iterations MemoryDataStore SQLAlchemyDataStore MongoDBDataStore start_from_scratch retry_settings LocalEventBroker RedisEventBroker MQTTEventBroker AsyncpgEventBroker PsycopgEventBroker PickleSerializer JSONSerializer CBORSerializer AsyncJobExecutor ThreadPoolJobExecutor ProcessPoolJobExecutor QtJobExecutor",
  "4.0 events and exceptions":
    "TaskAdded TaskUpdated TaskRemoved ScheduleAdded ScheduleUpdated ScheduleRemoved JobAdded JobAcquired JobReleased JobRemoved ScheduleDeserializationFailed JobDeserializationFailed SchedulerStarted SchedulerStopped timestamp TaskLookupError ScheduleLookupError CallableLookupError SerializationError DeserializationError JobCancelled JobDeadlineMissed JobResultNotReady MaxIterationsReached"
}

describe("the page for those who come from APScheduler", () => {
  // Left columns only: what is ours on the right side does not count.
  const theirs = [...page.matchAll(/^\| (.+?) \|/gm)].map(([, cell = ""]) => cell).join("\n")

  it.each(Object.entries(names))("says what each of the %s is here", (_kind, list) => {
    const missing = list.split(" ").filter((name) => !new RegExp(`(?<!\\w)${name}(?!\\w)`).test(theirs))
    expect(missing).toEqual([])
  })
})
