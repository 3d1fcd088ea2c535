/* SPDX-License-Identifier: GPL-2.0-or-later */
/* socket: IKE datagrams come from the data plane and leave by it. */
#include "crypto/charon/plugin_priv.h"

#include <threading/thread.h>

METHOD(socket_t, receive, status_t, socket_t *this, packet_t **packet)
{
	bool old;

	/* A timeout is no failure: charon would log it. */
	while ((*packet = link_receive()) == NULL) {
		old = thread_cancelability(TRUE);
		thread_cancellation_point();
		thread_cancelability(old);
	}
	return SUCCESS;
}

METHOD(socket_t, send_packet, status_t, socket_t *this, packet_t *packet)
{
	link_send(packet);
	return SUCCESS;
}

METHOD(socket_t, get_port, uint16_t, socket_t *this, bool nat)
{
	return nat ? IKEV2_NATT_PORT : IKEV2_UDP_PORT;
}

METHOD(socket_t, supported_families, socket_family_t, socket_t *this)
{
	return SOCKET_FAMILY_IPV4;
}

METHOD(socket_t, destroy, void, socket_t *this)
{
	free(this);
}

socket_t *plugin_socket_create(void)
{
	socket_t *this;

	INIT(this, .receive = _receive, .send = _send_packet, .get_port = _get_port,
		.supported_families = _supported_families, .destroy = _destroy, );
	return this;
}
