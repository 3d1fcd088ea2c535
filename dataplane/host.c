/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is for the hub's kernel: packets to an address that the kernel has too (a TAP stands for
 * it), and that no protocol of the hub takes. They go to control, metered as all that does.
 */
#include "dataplane/dp_priv.h"
#include "dataplane/ip4_priv.h"

void host_add(struct dp *dp, uint32_t addr_be)
{
	for (unsigned i = 0; i < dp->n_hosts; i++)
		if (dp->hosts_be[i] == addr_be)
			return;
	if (dp->n_hosts == DP_HOSTS_MAX)
		return;
	dp->hosts_be[dp->n_hosts] = addr_be;
	__atomic_store_n(&dp->n_hosts, dp->n_hosts + 1, __ATOMIC_RELEASE);
}

static bool has_address(const struct dp *dp, uint32_t addr_be)
{
	unsigned n = __atomic_load_n(&dp->n_hosts, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < n; i++)
		if (dp->hosts_be[i] == addr_be)
			return true;
	return false;
}

bool host_take(struct worker *w, enum dp_punt_class class, struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;

	/* What the kernel sends to itself does not come here. */
	if (p->flags & PKT_LOCAL || !has_address(w->dp, ip->dst_addr))
		return false;
	punt_l3(w, class, p);
	return true;
}

/*
 * Groups that stay on a link (RFC 5771 4: 224.0.0.0/24), as OSPF's. They are the link's own, so the
 * interface that they came in on must have a TAP.
 */
bool host_take_multicast(struct worker *w, struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;
	const struct dp *dp = w->dp;
	bool host;

	if (p->flags & PKT_LOCAL || rte_be_to_cpu_32(ip->dst_addr) >> 8 != 0xe00000)
		return false;
	host = p->tunnel_in != TUNNEL_NONE ? dp->tunnels[p->tunnel_in].p.host
					   : p->port != DP_PORT_NONE && dp->ports[p->port].host;
	if (host)
		punt_l3(w, DP_PUNT_HOST, p);
	return host;
}
