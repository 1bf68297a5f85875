/**
 * Events of domains and the registration for them.
 *
 * The older events exist twice: bare, for clients that register by kind, and with the number that the client got when
 * it registered its callback.
 *
 * @module
 */
import { hyper, int, list, optional, struct, uhyper, uint } from "../xdr/mod.ts";
import { limits } from "./limits.ts";
import { domain, graphicsAddress, graphicsIdentity, text, typedParameters } from "./objects.ts";
import { message, procedure } from "./row.ts";

const onlyDomain = { dom: domain };
const lifecycle = { dom: domain, event: int, detail: int };
const rtcChange = { dom: domain, offset: hyper };
const watchdog = { dom: domain, action: int };
const ioError = { dom: domain, srcPath: text, devAlias: text, action: int };
const graphics = {
  dom: domain,
  phase: int,
  local: graphicsAddress,
  remote: graphicsAddress,
  authScheme: text,
  subject: list(graphicsIdentity, limits.domainEventGraphicsIdentity),
};
const ioErrorReason = { dom: domain, srcPath: text, devAlias: text, action: int, reason: text };
const blockJob = { dom: domain, path: text, type: int, status: int };
const diskChange = {
  dom: domain,
  oldSrcPath: optional(text),
  newSrcPath: optional(text),
  devAlias: text,
  reason: int,
};
const trayChange = { dom: domain, devAlias: text, reason: int };
const balloonChange = { dom: domain, actual: uhyper };
const deviceRemoved = { dom: domain, devAlias: text };

/** Events of domains and the registration for them. */
export const domainEventProcedures = {
  connectDomainEventRegister: procedure(105, {
    result: { cbRegistered: int },
    acl: ["connect:search_domains"],
    filter: "domain:getattr",
    priority: "high",
  }),
  connectDomainEventDeregister: procedure(106, {
    result: { cbRegistered: int },
    acl: ["connect:read"],
    priority: "high",
  }),
  domainEventLifecycle: message(107, { payload: lifecycle }),
  connectDomainEventRegisterAny: procedure(167, {
    args: { eventID: int },
    acl: ["connect:search_domains"],
    filter: "domain:getattr",
    priority: "high",
  }),
  connectDomainEventDeregisterAny: procedure(168, {
    args: { eventID: int },
    acl: ["connect:read"],
    priority: "high",
  }),
  domainEventReboot: message(169, { payload: onlyDomain }),
  domainEventRtcChange: message(170, { payload: rtcChange }),
  domainEventWatchdog: message(171, { payload: watchdog }),
  domainEventIoError: message(172, { payload: ioError }),
  domainEventGraphics: message(173, { payload: graphics }),
  domainEventIoErrorReason: message(195, { payload: ioErrorReason }),
  domainEventControlError: message(224, { payload: onlyDomain }),
  domainEventBlockJob: message(241, { payload: blockJob }),
  domainEventDiskChange: message(248, { payload: diskChange }),
  domainEventTrayChange: message(268, { payload: trayChange }),
  domainEventPmwakeup: message(269, { payload: onlyDomain }),
  domainEventPmsuspend: message(270, { payload: onlyDomain }),
  domainEventBalloonChange: message(276, { payload: balloonChange }),
  domainEventPmsuspendDisk: message(292, { payload: onlyDomain }),
  domainEventDeviceRemoved: message(311, { payload: deviceRemoved }),
  connectDomainEventCallbackRegisterAny: procedure(316, {
    args: { eventID: int, dom: optional(domain) },
    result: { callbackID: int },
    acl: ["connect:search_domains"],
    filter: "domain:getattr",
    priority: "high",
  }),
  connectDomainEventCallbackDeregisterAny: procedure(317, {
    args: { callbackID: int },
    acl: ["connect:read"],
    priority: "high",
  }),
  domainEventCallbackLifecycle: message(318, { payload: { callbackID: int, msg: struct(lifecycle) } }),
  domainEventCallbackReboot: message(319, { payload: { callbackID: int, msg: struct(onlyDomain) } }),
  domainEventCallbackRtcChange: message(320, { payload: { callbackID: int, msg: struct(rtcChange) } }),
  domainEventCallbackWatchdog: message(321, { payload: { callbackID: int, msg: struct(watchdog) } }),
  domainEventCallbackIoError: message(322, { payload: { callbackID: int, msg: struct(ioError) } }),
  domainEventCallbackGraphics: message(323, { payload: { callbackID: int, msg: struct(graphics) } }),
  domainEventCallbackIoErrorReason: message(324, {
    payload: { callbackID: int, msg: struct(ioErrorReason) },
  }),
  domainEventCallbackControlError: message(325, { payload: { callbackID: int, msg: struct(onlyDomain) } }),
  domainEventCallbackBlockJob: message(326, { payload: { callbackID: int, msg: struct(blockJob) } }),
  domainEventCallbackDiskChange: message(327, { payload: { callbackID: int, msg: struct(diskChange) } }),
  domainEventCallbackTrayChange: message(328, { payload: { callbackID: int, msg: struct(trayChange) } }),
  domainEventCallbackPmwakeup: message(329, {
    payload: { callbackID: int, reason: int, msg: struct(onlyDomain) },
  }),
  domainEventCallbackPmsuspend: message(330, {
    payload: { callbackID: int, reason: int, msg: struct(onlyDomain) },
  }),
  domainEventCallbackBalloonChange: message(331, {
    payload: { callbackID: int, msg: struct(balloonChange) },
  }),
  domainEventCallbackPmsuspendDisk: message(332, {
    payload: { callbackID: int, reason: int, msg: struct(onlyDomain) },
  }),
  domainEventCallbackDeviceRemoved: message(333, {
    payload: { callbackID: int, msg: struct(deviceRemoved) },
  }),
  domainEventBlockJob2: message(339, {
    payload: { callbackID: int, dom: domain, dst: text, type: int, status: int },
  }),
  domainEventCallbackTunable: message(346, {
    payload: { callbackID: int, dom: domain, params: typedParameters(limits.domainEventTunable) },
  }),
  domainEventCallbackAgentLifecycle: message(348, {
    payload: { callbackID: int, dom: domain, state: int, reason: int },
  }),
  domainEventCallbackDeviceAdded: message(354, { payload: { callbackID: int, dom: domain, devAlias: text } }),
  domainEventCallbackMigrationIteration: message(359, {
    payload: { callbackID: int, dom: domain, iteration: int },
  }),
  domainEventCallbackJobCompleted: message(363, {
    payload: { callbackID: int, dom: domain, params: typedParameters(limits.domainJobStats) },
  }),
  domainEventCallbackDeviceRemovalFailed: message(367, {
    payload: { callbackID: int, dom: domain, devAlias: text },
  }),
  domainEventCallbackMetadataChange: message(379, {
    payload: { callbackID: int, dom: domain, type: int, nsuri: optional(text) },
  }),
  domainEventBlockThreshold: message(385, {
    payload: {
      callbackID: int,
      dom: domain,
      dev: text,
      path: optional(text),
      threshold: uhyper,
      excess: uhyper,
    },
  }),
  domainEventMemoryFailure: message(423, {
    payload: { callbackID: int, dom: domain, recipient: int, action: int, flags: uint },
  }),
  domainEventMemoryDeviceSizeChange: message(438, {
    payload: { callbackID: int, dom: domain, alias: text, size: uhyper },
  }),
  domainEventNicMacChange: message(453, {
    payload: { callbackID: int, dom: domain, alias: text, oldMAC: text, newMAC: text },
    since: "11.2",
  }),
};
