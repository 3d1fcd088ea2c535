/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands that start and stop ports, and set what devices have of switches. */
#define LOG_SUBSYSTEM LOG_PORT

#include <string.h>

#include <rte_errno.h>

#include "common/log.h"
#include "control/cli_priv.h"

static const char *name_of(const struct cli_call *call, unsigned port)
{
	return call->cli->hub->ports[port].config->name;
}

static int refused(struct cli_call *call, unsigned port, const char *what, int rc)
{
	return cli_fail(call, "failed", name_of(call, port), "Port %s: device refuses to %s: %s",
		name_of(call, port), what, rte_strerror(-rc));
}

/* Each of the ports that are no VLAN; a VLAN by itself is refused. */
static int each_port(struct cli_call *call, int (*set)(struct cli_call *call, unsigned port))
{
	const struct hub *h = call->cli->hub;
	bool single = call->port_end == call->port + 1;
	int rc = CLI_DONE;

	for (unsigned i = call->port; i < call->port_end && rc == CLI_DONE; i++) {
		unsigned parent = h->ports[i].parent;

		if (parent != i && single)
			return cli_fail(call, "bad-argument", name_of(call, i),
				"Port %s is a VLAN of port %s; expected that one", name_of(call, i),
				name_of(call, parent));
		if (parent == i)
			rc = set(call, i);
	}
	return rc;
}

static int start(struct cli_call *call, unsigned port)
{
	int rc = dp_port_start(hub_dp(call->cli->hub), (uint16_t)port);

	if (rc < 0)
		return refused(call, port, "start", rc);
	log_info("%s started by command", name_of(call, port));
	cli_text(call, "Port %s started\n", name_of(call, port));
	return CLI_DONE;
}

int cli_port_start(struct cli_call *call)
{
	return each_port(call, start);
}

static int stop(struct cli_call *call, unsigned port)
{
	int rc = dp_port_stop(hub_dp(call->cli->hub), (uint16_t)port);

	if (rc < 0)
		return refused(call, port, "stop", rc);
	log_info("%s stopped by command", name_of(call, port));
	cli_text(call, "Port %s stopped\n", name_of(call, port));
	return CLI_DONE;
}

int cli_port_stop(struct cli_call *call)
{
	return each_port(call, stop);
}

/* The device of a port, or RTE_MAX_ETHPORTS after saying that there is none. */
static uint16_t device_of(struct cli_call *call, unsigned port)
{
	uint16_t ethdev = call->cli->hub->ports[port].ethdev;

	if (ethdev == RTE_MAX_ETHPORTS)
		cli_fail(call, "no-device", name_of(call, port), "Port %s has no device",
			name_of(call, port));
	return ethdev;
}

static int link_up(struct cli_call *call, unsigned port)
{
	uint16_t ethdev = device_of(call, port);
	int rc = ethdev == RTE_MAX_ETHPORTS ? -1 : rte_eth_dev_set_link_up(ethdev);

	return ethdev == RTE_MAX_ETHPORTS ? -1
	       : rc < 0                   ? refused(call, port, "set its link up", rc)
					  : CLI_DONE;
}

int cli_set_link_up(struct cli_call *call)
{
	return each_port(call, link_up);
}

static int link_down(struct cli_call *call, unsigned port)
{
	uint16_t ethdev = device_of(call, port);
	int rc = ethdev == RTE_MAX_ETHPORTS ? -1 : rte_eth_dev_set_link_down(ethdev);

	return ethdev == RTE_MAX_ETHPORTS ? -1
	       : rc < 0                   ? refused(call, port, "set its link down", rc)
					  : CLI_DONE;
}

int cli_set_link_down(struct cli_call *call)
{
	return each_port(call, link_down);
}

static int promisc(struct cli_call *call, unsigned port)
{
	bool on = strcmp(strrchr(call->words, ' '), " on") == 0;
	uint16_t ethdev = device_of(call, port);
	int rc;

	if (ethdev == RTE_MAX_ETHPORTS)
		return -1;
	rc = on ? rte_eth_promiscuous_enable(ethdev) : rte_eth_promiscuous_disable(ethdev);
	if (rc < 0)
		return refused(call, port, on ? "be promiscuous" : "be no more promiscuous", rc);
	return CLI_DONE;
}

int cli_set_promisc(struct cli_call *call)
{
	return each_port(call, promisc);
}
