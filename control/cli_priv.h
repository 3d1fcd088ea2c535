/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the command line.
 *
 *	grammar   the table of commands; words of a line -> command and arguments
 *	call      a command that runs: step by step, with its output
 *	cli       sockets, clients, frames
 *	show_*    what the commands show, by noun; command.c those that do something
 */
#ifndef CONTROL_CLI_PRIV_H
#define CONTROL_CLI_PRIV_H

#include <sys/queue.h>
#include <time.h>

#include <event2/buffer.h>
#include <jansson.h>
#include <rte_ethdev.h>

#include "control/cli.h"
#include "control/hub_priv.h"
#include "dataplane/stats.h"

struct cli_call;

/* What a handler returns, beside -1 of cli_fail(). */
enum { CLI_DONE, CLI_MORE };

/* A handler shows at most so much at a time and then returns CLI_MORE. */
#define CLI_STEP_ROWS 128
/* And looks at so many places of a table that may be nearly empty. */
#define CLI_STEP_LOOKS 4096

typedef int (*cli_run_fn)(struct cli_call *call);

enum cli_group {
	CLI_GROUP_CONTROL,
	CLI_GROUP_DISPLAY,
	CLI_GROUP_PORTS,
	CLI_GROUP_DMVPN,
	CLI_GROUP_NHRP,
	CLI_GROUP_IPSEC,
	CLI_GROUP_ROUTING,
	CLI_GROUP_DEBUG,
	CLI_GROUPS
};

struct cli_command {
	const char *usage; /* words, a|b, <argument>, [optional part] */
	enum cli_group group;
	const char *help;
	cli_run_fn run;
};

/* Counters of a port as they were at some time. */
struct cli_port_mark {
	struct dp_port_stats dp;
	struct rte_eth_stats eth;
	uint64_t at_ns; /* 0: never */
};

/* Somebody on the socket. */
struct cli_client {
	TAILQ_ENTRY(cli_client) link;
	struct cli *cli;
	struct bufferevent *bev;
	struct event *go_on; /* fires in the event loop's next round */
	struct cli_call *call;
	struct evbuffer *body; /* of the frame that is being filled */
	bool closing;          /* once all is sent */
	bool eof;              /* nothing more will come */
	bool show_only;
};

TAILQ_HEAD(cli_clients, cli_client);

struct cli {
	struct hub *hub;
	void (*shutdown)(void *ctx, bool purge, bool poison);
	void *ctx;
	struct timespec started;
	struct dp_stats drops_cleared, nodes_cleared, fwd_cleared;
	struct cli_port_mark ports_cleared[DP_PORTS_MAX];
	struct cli_port_mark ports_shown[DP_PORTS_MAX];
	struct cli_port_mark ports_fwd[DP_PORTS_MAX];
	struct event_base *base;
	struct evconnlistener *listener, *show_listener;
	struct cli_clients clients;
	unsigned n_clients;
};

/* A command that runs. */
struct cli_call {
	struct cli *cli;
	const struct cli_command *command;
	char words[CLI_LINE_MAX + 1]; /* in full, without "json" */
	bool json;
	bool quit;      /* the client wants to go */
	bool show_only; /* nothing may be changed */
	/* arguments */
	bool has_ip;
	struct ip_addr ip;
	struct ip_prefix prefix;
	const struct hub_tunnel *tunnel; /* NULL: not given */
	unsigned port, port_end;         /* ports from, and the one after the last */
	char option[16];                 /* optional word without an argument, in full, or empty */
	char file[CLI_LINE_MAX + 1];
	unsigned count; /* 0: not given */
	unsigned place;
	unsigned snaplen; /* so */
	/* progress of a handler that returns CLI_MORE */
	uint64_t at;
	void *state; /* freed by free() when the call is closed, or by: */
	void (*state_free)(void *state);
	unsigned n_state;
	/* output */
	struct evbuffer *out;
	const struct cli_column *columns;
	unsigned n_columns;
	enum { CLI_OUT_NOTHING, CLI_OUT_LIST, CLI_OUT_ROWS, CLI_OUT_VALUE } shape;
};

/* A column of a table: title and width for people, key in the row's object for both. */
struct cli_column {
	const char *title;
	const char *key;
	int width;
	const char *format; /* of a real number; NULL: "%.1f" */
};

/* grammar.c */
extern const struct cli_command cli_commands[];
extern const unsigned cli_n_commands;
extern const char *const cli_group_names[CLI_GROUPS];
/* Find the command that a line means. @return 0, or -1 with the error in the call's output */
int cli_parse(struct cli_call *call, char *line);

/* call.c */
struct cli_call *cli_call_open(struct cli *cli, const char *line);
/* Go on: CLI_MORE, CLI_DONE, or -1 if the command failed. Output is added to out. */
int cli_call_step(struct cli_call *call, struct evbuffer *out);
void cli_call_close(struct cli_call *call);
/* For people only. */
void cli_text(struct cli_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The whole of a JSON answer; taken. For people: nothing. */
void cli_value(struct cli_call *call, json_t *value);
/* Begin a table; then its rows, each an object, taken. */
void cli_table(struct cli_call *call, const struct cli_column *columns, unsigned n);
void cli_row(struct cli_call *call, json_t *row);
/* Say why not. reason and near are for programs, the text is for people. @return -1 */
int cli_fail(struct cli_call *call, const char *reason, const char *near, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#define CLI_TABLE(call, columns) cli_table(call, columns, RTE_DIM(columns))

json_t *cli_addr(const struct ip_addr *a);
json_t *cli_addr_be(uint32_t be);
/* Time to a moment of the hub's clock, "01:52:10"; UINT64_MAX: null. */
json_t *cli_time_left(const struct hub *h, uint64_t until);
/* A peer's tunnel address; null before it has registered. */
json_t *cli_peer(const struct hub_peer *p);
json_t *cli_prefix(uint32_t addr_be, uint8_t len);
json_t *cli_mac(const struct mac_addr *mac);
json_t *cli_u64(uint64_t v);

/* handlers */
int cli_help(struct cli_call *call);
int cli_start(struct cli_call *call);
int cli_stop(struct cli_call *call);
int cli_quit(struct cli_call *call);
int cli_shutdown(struct cli_call *call);
int cli_reload(struct cli_call *call);
int cli_show_reload(struct cli_call *call);
int cli_show_config_diff(struct cli_call *call);
int cli_port_start(struct cli_call *call);
int cli_port_stop(struct cli_call *call);
int cli_set_link_up(struct cli_call *call);
int cli_set_link_down(struct cli_call *call);
int cli_set_promisc(struct cli_call *call);
int cli_show_port_stats(struct cli_call *call);
int cli_show_port_info(struct cli_call *call);
int cli_show_port_summary(struct cli_call *call);
int cli_clear_port_stats(struct cli_call *call);
int cli_show_filter(struct cli_call *call);
int cli_show_fwd_stats(struct cli_call *call);
int cli_clear_fwd_stats(struct cli_call *call);
int cli_show_dmvpn(struct cli_call *call);
int cli_show_dmvpn_summary(struct cli_call *call);
int cli_show_dmvpn_page(struct cli_call *call);
int cli_show_dmvpn_graph(struct cli_call *call);
int cli_show_loop(struct cli_call *call);
int cli_show_tech_support(struct cli_call *call);
int cli_show_nhrp_cache(struct cli_call *call);
int cli_show_nhrp_stats(struct cli_call *call);
int cli_show_nhrp_redirect(struct cli_call *call);
int cli_show_nhrp_nhs(struct cli_call *call);
int cli_clear_nhrp_cache(struct cli_call *call);
int cli_purge_nhrp(struct cli_call *call);
int cli_clear_nhrp_redirect(struct cli_call *call);
int cli_show_ipsec_sa(struct cli_call *call);
int cli_show_ike_sa(struct cli_call *call);
int cli_show_ike_stats(struct cli_call *call);
int cli_clear_ipsec_sa(struct cli_call *call);
int cli_rekey_ipsec_sa(struct cli_call *call);
int cli_rekey_ike_sa(struct cli_call *call);
int cli_clear_ike_sa(struct cli_call *call);
int cli_set_log(struct cli_call *call);
int cli_show_route(struct cli_call *call);
int cli_show_route_prefix(struct cli_call *call);
int cli_show_route_summary(struct cli_call *call);
int cli_show_arp(struct cli_call *call);
int cli_show_hooks(struct cli_call *call);
int cli_show_events(struct cli_call *call);
int cli_show_rip(struct cli_call *call);
int cli_clear_rip(struct cli_call *call);
int cli_show_drops(struct cli_call *call);
int cli_clear_drops(struct cli_call *call);
int cli_show_nodes(struct cli_call *call);
int cli_clear_nodes(struct cli_call *call);
int cli_show_punt_stats(struct cli_call *call);
int cli_show_mempool(struct cli_call *call);
int cli_show_config(struct cli_call *call);
int cli_show_tap(struct cli_call *call);
int cli_show_version(struct cli_call *call);
int cli_capture_start(struct cli_call *call);
int cli_capture_stop(struct cli_call *call);
int cli_show_capture(struct cli_call *call);
int cli_trace_start(struct cli_call *call);
int cli_show_trace(struct cli_call *call);
int cli_clear_trace(struct cli_call *call);

/* show_port.c: counters of a port since a mark, or now. */
void cli_port_now(const struct cli *cli, unsigned port, struct cli_port_mark *now);
void cli_port_since(const struct cli_port_mark *now, const struct cli_port_mark *since,
	struct cli_port_mark *out);

/* show_capture.c: the data plane's peer that a command names, or DP_PEER_NONE. @return 0 or -1 */
int cli_dp_peer(struct cli_call *call, uint32_t *peer);

#endif
