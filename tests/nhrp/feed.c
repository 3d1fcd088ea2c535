/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests/nhrp-captures: a line of hex in, an NHRP packet. Out comes "same" or what is wrong with
 * it; and if it is a registration request, "reply" and what a hub at its destination answers.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "common/hex.h"
#include "tests/nhrp/reencode.h"
#include "nhrp/nhrp.h"

static void op_send(void *ctx, uint32_t iface, uint32_t peer, const void *bytes, size_t len)
{
	char hex[2 * NHRP_PACKET_MAX + 1];

	(void)ctx;
	(void)iface;
	(void)peer;
	printf("reply %s\n", hex_str(bytes, len, hex));
}

/* Its tunnel network is /24 as in the lab; whoever registers with itself wants the first address.
 */
static void answer(const struct nhrp_packet *p, const uint8_t *bytes, size_t len)
{
	const struct nhrp_ops ops = {.send = op_send};
	uint32_t dst_be = nhrp_addr_be(&p->dst_proto);
	struct nhrp *n = nhrp_create(&(struct nhrp_params){0}, &ops, NULL);
	struct nhrp_iface_params i = {
		.address_be = dst_be, .len = 24, .nbma_be = htonl(0xc0000201), .mtu = 1400};
	char secret[256] = "";
	struct nhrp_ext e;

	if (dst_be == nhrp_addr_be(&p->src_proto))
		i.address_be = (dst_be & htonl(0xffffff00)) | htonl(1);
	if (nhrp_ext_find(p, NHRP_EXT_AUTHENTICATION, &e) && e.body.len > 4 && e.body.len < 200) {
		memcpy(secret, e.body.at + 4, e.body.len - 4);
		i.secret = secret;
	}
	if (n == NULL || nhrp_interface_add(n, 0, &i, 0) != 0)
		printf("no engine\n");
	else
		nhrp_receive(n, 0, 1, nhrp_addr_be(&p->src_nbma), bytes, len, 0);
	nhrp_destroy(n);
}

int main(void)
{
	static char line[2 * 65536];
	static uint8_t bytes[65536], again[65536];
	enum nhrp_fault fault;
	struct nhrp_packet p;
	ssize_t len;
	size_t n;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		len = hex_parse(line, bytes, sizeof(bytes));
		if (len < 0) {
			printf("not hex\n");
			continue;
		}
		fault = nhrp_packet_parse(&p, bytes, (size_t)len);
		if (fault != NHRP_FAULT_NONE) {
			printf("%s\n", nhrp_fault_name(fault));
			continue;
		}
		n = reencode(&p, again, sizeof(again));
		printf("%s\n",
			n == p.whole.len && memcmp(bytes, again, n) == 0 ? "same" : "differs");
		if (p.type == NHRP_REGISTRATION_REQUEST)
			answer(&p, bytes, (size_t)len);
	}
	return 0;
}
