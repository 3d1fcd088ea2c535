/* SPDX-License-Identifier: BSD-3-Clause */
/* Words for numbers of the protocol. */
#include "nhrp/nhrp_priv.h"

bool nhrp_is_indication(uint8_t type)
{
	return type == NHRP_ERROR_INDICATION || type == NHRP_TRAFFIC_INDICATION;
}

bool nhrp_is_reply(uint8_t type)
{
	return type == NHRP_RESOLUTION_REPLY || type == NHRP_REGISTRATION_REPLY ||
	       type == NHRP_PURGE_REPLY;
}

const char *nhrp_type_name(uint8_t type)
{
	static const char *const names[NHRP_TYPES] = {
		[NHRP_RESOLUTION_REQUEST] = "resolution request",
		[NHRP_RESOLUTION_REPLY] = "resolution reply",
		[NHRP_REGISTRATION_REQUEST] = "registration request",
		[NHRP_REGISTRATION_REPLY] = "registration reply",
		[NHRP_PURGE_REQUEST] = "purge request",
		[NHRP_PURGE_REPLY] = "purge reply",
		[NHRP_ERROR_INDICATION] = "error indication",
		[NHRP_TRAFFIC_INDICATION] = "traffic indication",
	};

	return type < NHRP_TYPES && names[type] != NULL ? names[type] : "unknown";
}

const char *nhrp_code_name(uint8_t code)
{
	switch (code) {
	case NHRP_CODE_SUCCESS:
		return "success";
	case NHRP_CODE_PROHIBITED:
		return "administratively prohibited";
	case NHRP_CODE_NO_RESOURCES:
		return "insufficient resources";
	case NHRP_CODE_NO_BINDING_OLD:
	case NHRP_CODE_NO_BINDING:
		return "no binding exists";
	case NHRP_CODE_NOT_UNIQUE:
		return "binding exists but is not unique";
	case NHRP_CODE_UNIQUE_EXISTS:
		return "unique address already registered";
	default:
		return "unknown";
	}
}

const char *nhrp_error_name(uint16_t code)
{
	switch (code) {
	case NHRP_ERROR_EXTENSION_UNKNOWN:
		return "unrecognized extension";
	case NHRP_ERROR_LOOP_OLD:
	case NHRP_ERROR_LOOP:
		return "loop detected";
	case NHRP_ERROR_UNREACHABLE:
		return "protocol address unreachable";
	case NHRP_ERROR_PROTOCOL:
		return "protocol error";
	case NHRP_ERROR_SIZE:
		return "SDU size exceeded";
	case NHRP_ERROR_EXTENSION_INVALID:
		return "invalid extension";
	case NHRP_ERROR_REPLY_INVALID:
		return "invalid resolution reply";
	case NHRP_ERROR_AUTHENTICATION:
		return "authentication failure";
	case NHRP_ERROR_HOP_COUNT:
		return "hop count exceeded";
	default:
		return "unknown";
	}
}

const char *nhrp_fault_name(enum nhrp_fault fault)
{
	static const char *const names[NHRP_FAULTS] = {
		[NHRP_FAULT_NONE] = "none",
		[NHRP_FAULT_LENGTH] = "length",
		[NHRP_FAULT_VERSION] = "version",
		[NHRP_FAULT_CHECKSUM] = "checksum",
		[NHRP_FAULT_MANDATORY] = "mandatory part",
		[NHRP_FAULT_CIE] = "client information entry",
		[NHRP_FAULT_EXTENSIONS] = "extensions",
	};

	return fault < NHRP_FAULTS ? names[fault] : "unknown";
}

const char *nhrp_end_name(enum nhrp_end why)
{
	static const char *const names[NHRP_END_REASONS] = {
		[NHRP_END_EXPIRED] = "expired",
		[NHRP_END_PURGED] = "purged",
		[NHRP_END_PEER_GONE] = "lower-down",
		[NHRP_END_PEER_DEAD] = "peer-dead",
		[NHRP_END_MOVED] = "moved",
		[NHRP_END_CLEARED] = "cleared",
		[NHRP_END_CONFIG] = "config",
		[NHRP_END_SHUTDOWN] = "shutdown",
		[NHRP_END_REFUSED] = "refused",
	};

	return (unsigned)why < NHRP_END_REASONS ? names[why] : "unknown";
}

const char *nhrp_binding_type_name(enum nhrp_binding_type type)
{
	static const char *const names[NHRP_BINDING_TYPES] = {
		[NHRP_STATIC] = "static",
		[NHRP_DYNAMIC] = "dynamic",
		[NHRP_CACHED] = "cached",
		[NHRP_INCOMPLETE] = "incomplete",
		[NHRP_NEGATIVE] = "negative",
	};

	return (unsigned)type < NHRP_BINDING_TYPES ? names[type] : "unknown";
}

const char *nhrp_event_name(enum nhrp_event_type type)
{
	static const char *const names[NHRP_EV_TYPES] = {
		[NHRP_EV_REGISTERED] = "registered",
		[NHRP_EV_REFRESHED] = "refreshed",
		[NHRP_EV_MOVED] = "moved",
		[NHRP_EV_ENDED] = "ended",
		[NHRP_EV_REFUSED] = "refused",
		[NHRP_EV_CONFLICT] = "conflict",
		[NHRP_EV_ANSWERED] = "answered",
		[NHRP_EV_FORWARDED] = "forwarded",
		[NHRP_EV_NOT_RESOLVED] = "not-resolved",
		[NHRP_EV_ERROR_SENT] = "error-sent",
		[NHRP_EV_ERROR_RECEIVED] = "error-received",
		[NHRP_EV_REDIRECTED] = "redirected",
		[NHRP_EV_NHS_UP] = "nhs-up",
		[NHRP_EV_NHS_DOWN] = "nhs-down",
		[NHRP_EV_SHORTCUT_UP] = "shortcut-up",
		[NHRP_EV_SHORTCUT_DOWN] = "shortcut-down",
		[NHRP_EV_INTERFACE_UP] = "interface-up",
	};

	return (unsigned)type < NHRP_EV_TYPES ? names[type] : "unknown";
}

/* Counters are named after what they count: "no_route". */
static const struct {
	const char *name, *text;
} drops[NHRP_DROPS] =
	{
#define NHRP_DROP(upper, lower, text) {lower, text},
#include "nhrp/drops.def"
#undef NHRP_DROP
},
  refusals[NHRP_REFUSES] = {
#define NHRP_REFUSE(upper, lower, code, text) {lower, text},
#include "nhrp/refuse.def"
#undef NHRP_REFUSE
};

const char *nhrp_drop_name(enum nhrp_drop drop)
{
	return drop < NHRP_DROPS ? drops[drop].name : "unknown";
}

const char *nhrp_drop_text(enum nhrp_drop drop)
{
	return drop < NHRP_DROPS ? drops[drop].text : "unknown";
}

const char *nhrp_refuse_name(enum nhrp_refuse refuse)
{
	return refuse < NHRP_REFUSES ? refusals[refuse].name : "unknown";
}

const char *nhrp_refuse_text(enum nhrp_refuse refuse)
{
	return refuse < NHRP_REFUSES ? refusals[refuse].text : "unknown";
}
