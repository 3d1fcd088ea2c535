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
