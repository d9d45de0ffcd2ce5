/** The package's door for front ends. */

export type {
  CommandSubmit,
  FindingList,
  HostView,
  JobList,
  JobNews,
  JobView,
  LogView,
  RadianceSubmit,
  ServerView,
  SubmitRequest,
  TaskList,
  TaskView,
  TriedView,
} from '../protocol/api.ts';
export type { Clock } from './clock.ts';
export { CalledWrongly, NotAllowed, Refused, ServerUnreachable, UnknownAnswer } from './errors.ts';
export { type FindServerOptions, type FoundServer, findServer } from './find-server.ts';
export { type FollowLogOptions, followLog } from './follow-log.ts';
export type { FarmEvent } from './job-events.ts';
export { type ClientOptions, RayserverClient, type WaitOptions } from './rayserver-client.ts';
